internal import FoundationEssentials
internal import LibC
internal import Synchronization

/// Writes tensors of known shapes to a safetensors file, in any order and in pieces; what is never written is zero.
///
/// The file appears under its name when it is finished, and not at all when it is not. One that is there already keeps its
/// permissions; a link to it stays a link.
public final class SafetensorsWriter {
  public enum ElementType: String, Sendable {
    case f32 = "F32"
    case i64 = "I64"

    var byteCount: Int { self == .f32 ? 4 : 8 }
  }

  /// A tensor to write, row-major.
  public struct Tensor: Sendable {
    let name: String
    let elementType: ElementType
    let shape: [Int]

    public init(_ name: String, _ elementType: ElementType, _ shape: [Int]) {
      (self.name, self.elementType, self.shape) = (name, elementType, shape)
    }

    var byteCount: Int { shape.reduce(elementType.byteCount, *) }
  }

  private struct Entry: Encodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private let path: String
  private let temporaryPath: String
  private let descriptor: Int32
  private var offsets: [String: Int] = [:]
  private var isFinished = false

  /// Makes the file, header and room.
  ///
  /// - Throws: ``WriteError``.
  public init(path: String, _ tensors: [Tensor]) throws {
    var entries: [String: Entry] = [:]
    var end = 0
    for tensor in tensors {
      entries[tensor.name] = Entry(
        dtype: tensor.elementType.rawValue, shape: tensor.shape, offsets: [end, end + tensor.byteCount])
      offsets[tensor.name] = end
      end += tensor.byteCount
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var header = Array(try encoder.encode(entries))
    header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    for name in offsets.keys { offsets[name]! += 8 + header.count }

    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG { throw WriteError(path: path, reason: "it is not a regular file") }
    self.path = exists ? Self.resolved(path) : path
    temporaryPath = self.path + ".unfinished-\(getpid())"
    // What stands there is of an earlier process, or a link that somebody laid; it is not written through.
    unlink(temporaryPath)
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      isFinished = true
      throw WriteError(path: path)
    }
    if exists { fchmod(descriptor, status.st_mode & 0o7777) }
    Unfinished.files.withLock { $0.append(temporaryPath) }
    guard ftruncate(descriptor, off_t(8 + header.count + end)) == 0 else { throw WriteError(path: path) }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    try (length + header).withUnsafeBytes { try write($0, at: 0) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isFinished { unlink(temporaryPath) }
    Unfinished.files.withLock { files in files.removeAll { $0 == temporaryPath } }
  }

  /// Removes the files that are being written, for a program that has to end before they are finished.
  public static func removeUnfinished() {
    Unfinished.files.withLock { files in
      for file in files { unlink(file) }
      files = []
    }
  }

  private enum Unfinished {
    static let files = Mutex<[String]>([])
  }

  /// The path of what a path leads to.
  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Writes elements of a tensor, from its element `index` on.
  ///
  /// - Throws: ``WriteError``.
  /// - Precondition: the tensor is of the file, and of fp32 elements.
  public func write(_ elements: some Collection<Float>, to tensor: String, at index: Int) throws(WriteError) {
    try write(Array(elements), of: .f32, to: tensor, at: index)
  }

  /// Writes elements of a tensor, from its element `index` on.
  public func write(_ elements: [Int64], to tensor: String, at index: Int) throws(WriteError) {
    try write(elements, of: .i64, to: tensor, at: index)
  }

  private func write<Element>(
    _ elements: [Element], of type: ElementType, to tensor: String, at index: Int
  ) throws(WriteError) {
    let offset = offsets[tensor]! + index * type.byteCount
    let result = elements.withUnsafeBytes { bytes in Result { () throws(WriteError) in try write(bytes, at: offset) } }
    try result.get()
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(WriteError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw WriteError(path: path)
      }
      done += count
    }
  }

  /// Puts the finished file in its place.
  ///
  /// - Throws: ``WriteError``.
  public func finish() throws(WriteError) {
    guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else { throw WriteError(path: path) }
    isFinished = true
  }
}
