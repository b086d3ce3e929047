internal import LibC

/// A file that is open for reading and writing, and closed when this goes away.
final class OpenFile: Sendable {
  let descriptor: Int32
  /// Where it can be opened again.
  let path: String
  /// For messages.
  let name: String

  init(_ descriptor: Int32, path: String, name: String? = nil) {
    (self.descriptor, self.path, self.name) = (descriptor, path, name ?? path)
  }

  /// Makes a file that has no name, in `folder`, and is gone when it is closed, however the process ends.
  ///
  /// - Throws: `.cache`.
  init(unnamedIn folder: String) throws(WeightsError) {
    var template = Array("\(folder)/gpt2-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    name = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else { throw .cache(path: folder, code: errno) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(name)
    #if os(Linux)
      path = "/proc/self/fd/\(descriptor)"
    #else
      path = "/dev/fd/\(descriptor)"
    #endif
  }

  deinit {
    close(descriptor)
  }
}
