internal import LibC
internal import Platform

/// Where the files of a checkpoint come from: a folder on disk, or bytes built into the program.
public struct CheckpointFolder: Sendable {
  /// For messages: the path, or the name given to the bytes.
  public let name: String
  private let storage: Storage

  private enum Storage: @unchecked Sendable {
    case disk
    /// Unchecked: the promise that nobody writes to this memory is the caller's, who built it into the program.
    case memory([String: UnsafeRawBufferPointer])
  }

  /// A folder on disk; nothing is touched before the first file is asked for.
  public init(path: String) {
    name = path
    storage = .disk
  }

  /// Files in memory, by file name. The memory must stay valid and unchanged for the rest of the process.
  public init(name: String, contents: [String: UnsafeRawBufferPointer]) {
    self.name = name
    storage = .memory(contents)
  }

  /// The name of `file` for messages and for opening it.
  func path(of file: String) -> String {
    name.hasSuffix("/") ? name + file : "\(name)/\(file)"
  }

  /// Whether there is something by this name; true as well when that cannot be told, so that opening it says why.
  func contains(_ file: String) -> Bool {
    guard Self.isPlainName(file) else { return false }
    switch storage {
    case .memory(let contents): return contents[file] != nil
    case .disk:
      let code = Self.mode(of: path(of: file)).code
      return code != ENOENT && code != ENOTDIR
    }
  }

  /// Opens `file`. When it is missing because the folder is, the error says that.
  func open(_ file: String) throws(CheckpointError) -> ByteSource {
    let path = path(of: file)
    guard Self.isPlainName(file) else { throw .file(path, .invalidName) }
    switch storage {
    case .memory(let contents):
      guard let bytes = contents[file] else { throw .file(path, .missing) }
      return ByteSource(name: path, memory: bytes)
    case .disk:
      try checkExistence()
      return try ByteSource(path: path)
    }
  }

  /// Reads a whole file of at least one and at most `limit` bytes.
  func read(_ file: String, limit: Int) throws(CheckpointError) -> [UInt8] {
    let source = try open(file)
    guard source.byteCount > 0 else { throw .file(source.name, .empty) }
    guard source.byteCount <= limit else {
      throw .file(source.name, .tooLarge(byteCount: source.byteCount, limit: limit))
    }
    return try source.read(0..<source.byteCount)
  }

  /// Names of files in the folder, sorted, for a message about what is there; at most the first 4,096 the system lists.
  func files() -> [String] {
    switch storage {
    case .memory(let contents): return contents.keys.sorted()
    case .disk:
      guard let directory = opendir(name) else { return [] }
      defer { closedir(directory) }
      var files: [String] = []
      while files.count < 4096, let entry = readdir(directory) {
        let file = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if file != "." && file != ".." { files.append(file) }
      }
      return files.sorted()
    }
  }

  /// Whether `file` can only name a file in the folder itself.
  static func isPlainName(_ file: String) -> Bool {
    !file.isEmpty && file.utf8.count <= 255 && file != "." && file != ".."
      && file.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
  }

  /// Throws when the folder is missing or no folder; a folder of memory is always there.
  func checkExistence() throws(CheckpointError) {
    guard case .disk = storage else { return }
    let (mode, code) = Self.mode(of: name)
    switch code {
    case 0: if mode & S_IFMT != S_IFDIR { throw .folder(name, .notAFolder) }
    case ENOENT: throw .folder(name, .missing)
    case ENOTDIR: throw .folder(name, .notAFolder)
    // Anything else is said better by the attempt to open a file in it.
    default: break
    }
  }

  /// The mode of what is at `path`, and 0; or nothing of use, and the error number.
  private static func mode(of path: String) -> (mode: mode_t, code: Int32) {
    var status = stat()
    let (result, code) = retryingOnInterrupt { stat(path, &status) }
    return (status.st_mode, result == 0 ? 0 : code)
  }
}
