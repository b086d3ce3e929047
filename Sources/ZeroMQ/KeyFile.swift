internal import LibC

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
