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

/// `read` and `write`, by names that the methods above do not hide.
func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}

func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
