import Coordinator
import LibC

/// The file that a timeline goes to when the work is done.
struct TraceFile {
  let path: String
  /// Of a pipe or a device, which is held open: whoever reads from a pipe takes its closing for the end.
  private let descriptor: Int32?

  /// Sees that the file can be written, before any work is done for it; nothing is left there.
  ///
  /// - Throws: ``OutputError``.
  init(path: String) throws(OutputError) {
    self.path = path
    var descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor >= 0 {
      unlink(path)
    } else if errno == EEXIST {
      // O_NONBLOCK, or opening a pipe would wait for its reader without a word.
      descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
    }
    guard descriptor >= 0 else {
      let reason = errno == ENXIO ? "nobody reads from it" : String(cString: strerror(errno))
      throw OutputError(name: path, reason: reason)
    }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      self.descriptor = descriptor
    } else {
      self.descriptor = nil
      close(descriptor)
    }
  }

  /// Writes the timeline, in place of what was there.
  ///
  /// - Throws: ``OutputError``.
  func write(_ timeline: Timeline) throws(OutputError) {
    let descriptor = descriptor ?? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0o644)
    guard descriptor >= 0 else { throw OutputError(name: path, reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    try Terminal.write(Array(timeline.traceEvents.utf8), to: descriptor, name: path)
  }
}
