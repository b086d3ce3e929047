#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A key file holds the secret half in Z85 and a line feed; the public half follows from it.
extension CurveKeyPair {
  /// Reads a key file.
  ///
  /// - Throws: ``CurveKeyError`` also when others than the owner may use the file.
  public init(file path: String) throws(CurveKeyError) {
    do throws(CurveKeyProblem) {
      // O_NONBLOCK, or opening a pipe that somebody put there would wait for its writer.
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .system(call: "open it", code: errno) }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw .system(call: "look at it", code: errno) }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
      guard status.st_mode & 0o077 == 0 else { throw .readableByOthers(mode: UInt32(status.st_mode & 0o777)) }
      guard status.st_size <= 64 else { throw .length(Int(status.st_size)) }
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = read(descriptor, &bytes, bytes.count)
      guard count >= 0 else { throw .system(call: "read it", code: errno) }
      bytes.removeLast(bytes.count - count)
      while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
      try self.init(secretKey: CurveKey(z85: String(decoding: bytes, as: UTF8.self)))
    } catch {
      throw CurveKeyError(file: path, problem: error)
    }
  }

  /// Writes a key file that only its owner may read; never over another file.
  ///
  /// - Throws: ``CurveKeyError``; nothing is left behind then.
  public func write(to path: String) throws(CurveKeyError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CurveKeyError(file: path, problem: errno == EEXIST ? .exists : .system(call: "write it", code: errno))
    }
    let text = Array((secretKey.z85 + "\n").utf8)
    // Whatever the umask was; and on the disk before somebody is told the public half.
    let isWritten =
      fchmod(descriptor, 0o600) == 0 && writeBytes(text, descriptor) == text.count && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    if !isWritten {
      unlink(path)
      throw CurveKeyError(file: path, problem: .system(call: "write it", code: code))
    }
  }
}

/// `write`, by a name that the method above does not hide.
private func writeBytes(_ bytes: [UInt8], _ descriptor: Int32) -> Int { write(descriptor, bytes, bytes.count) }
