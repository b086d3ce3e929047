import Coordinator

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The file that a timeline goes to when the work is done.
struct TraceFile {
  let path: String

  /// Sees that the file can be written, before any work is done for it; nothing is left there.
  ///
  /// - Throws: ``OutputError``.
  init(path: String) throws(OutputError) {
    self.path = path
    var descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor >= 0 {
      unlink(path)
    } else if errno == EEXIST {
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw OutputError(name: path, reason: String(cString: strerror(errno))) }
    close(descriptor)
  }

  /// Writes the timeline, in place of what was there.
  ///
  /// - Throws: ``OutputError``.
  func write(_ timeline: Timeline) throws(OutputError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw OutputError(name: path, reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    try Terminal.write(Array(timeline.traceEvents.utf8), to: descriptor, name: path)
  }
}
