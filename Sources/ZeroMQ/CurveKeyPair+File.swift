internal import LibC

/// A key file holds the secret half in Z85 and a line feed; the public half follows from it.
extension CurveKeyPair {
  /// Reads a key file.
  ///
  /// - Throws: ``CurveKeyError`` also when others than the owner may use the file.
  public init(file path: String) throws(CurveKeyError) {
    do throws(CurveKeyProblem) {
      let file = try KeyFile.read(path, atMost: 64)
      guard file.mode & 0o077 == 0 else { throw .readableByOthers(mode: file.mode) }
      try self.init(line: file.bytes)
    } catch {
      throw CurveKeyError(file: path, problem: error)
    }
  }

  /// Reads the first line of an open descriptor, such as standard input, and nothing behind it; blocks until it is there.
  ///
  /// - Throws: ``CurveKeyProblem``.
  public init(descriptor: Int32) throws(CurveKeyProblem) {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < 64 {
      let count = read(descriptor, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system(call: "read it", code: errno) }
      if count == 0 || byte == 0x0A { break }
      line.append(byte)
    }
    try self.init(line: line)
  }

  private init(line: [UInt8]) throws(CurveKeyProblem) {
    var bytes = line
    while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
    try self.init(secretKey: CurveKey(z85: String(decoding: bytes, as: UTF8.self)))
  }

  /// Writes a key file that only its owner may read; never over another file.
  ///
  /// - Throws: ``CurveKeyError``; nothing is left behind then.
  public func write(to path: String) throws(CurveKeyError) {
    try KeyFile.write(secretLine, to: path, mode: 0o600)
  }

  /// Writes the public half, which is no secret, and whose it is, as a line for an ``AllowedKeys`` file.
  ///
  /// - Throws: ``CurveKeyError``; nothing is left behind then.
  public func writePublicHalf(to path: String, name: String) throws(CurveKeyError) {
    try KeyFile.write("\(publicKey.z85) \(name)\n", to: path, mode: 0o644)
  }

  /// Hands the secret half over by an open descriptor, as ``init(descriptor:)`` reads it.
  ///
  /// - Throws: ``CurveKeyProblem``.
  public func write(toDescriptor descriptor: Int32) throws(CurveKeyProblem) {
    guard KeyFile.write(secretLine, descriptor) else { throw .system(call: "hand it over", code: errno) }
  }

  private var secretLine: String { secretKey.z85 + "\n" }
}

/// Files of keys: small, ordinary, and never written over.
enum KeyFile {
  struct Content {
    var bytes: [UInt8]
    /// The nine permission bits.
    var mode: UInt32
    var owner: UInt32
  }

  /// Reads all of a file of at most `limit` bytes; does not block on what is no ordinary file.
  static func read(_ path: String, atMost limit: Int) throws(CurveKeyProblem) -> Content {
    // O_NONBLOCK, or opening a pipe that somebody put there would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .system(call: "open it", code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(call: "look at it", code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
    guard status.st_size <= limit else { throw .length(Int(status.st_size)) }
    var bytes = [UInt8](repeating: 0, count: limit)
    var count = 0
    while count < limit {
      let more = bytes.withUnsafeMutableBytes { readBytes(descriptor, $0.baseAddress! + count, limit - count) }
      if more < 0, errno == EINTR { continue }
      guard more >= 0 else { throw .system(call: "read it", code: errno) }
      if more == 0 { break }
      count += more
    }
    bytes.removeLast(limit - count)
    return Content(bytes: bytes, mode: UInt32(status.st_mode & 0o777), owner: status.st_uid)
  }

  /// Writes a new file; nothing is left behind when that fails.
  static func write(_ text: String, to path: String, mode: mode_t) throws(CurveKeyError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      throw CurveKeyError(file: path, problem: errno == EEXIST ? .exists : .system(call: "write it", code: errno))
    }
    // Whatever the umask was; and on the disk before somebody is told the public half.
    let isWritten = fchmod(descriptor, mode) == 0 && write(text, descriptor) && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    if !isWritten {
      unlink(path)
      throw CurveKeyError(file: path, problem: .system(call: "write it", code: code))
    }
  }

  /// Writes all of a text; false, with `errno`, when that fails.
  static func write(_ text: String, _ descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { writeBytes(descriptor, $0.baseAddress!, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// `read` and `write`, by names that the methods above do not hide.
private func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}

private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
