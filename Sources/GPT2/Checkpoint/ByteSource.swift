internal import LibC
internal import Platform

/// Random access to the bytes of one file: an open descriptor, a path, or memory that lives as long as the process.
///
/// Reads may come from any number of threads at once. The file counts as immutable: when it changes after it was
/// opened, reads fail rather than mix old weights and new.
final class ByteSource: Sendable {
  /// For messages: the path of the file, or the name of the memory's collection and the file.
  let name: String
  let byteCount: Int
  private let storage: Storage

  /// What tells one state of a file from another.
  private struct Stamp: Hashable {
    var byteCount: Int
    var seconds: Int
    var nanoseconds: Int
  }

  private enum Storage: @unchecked Sendable {
    case descriptor(Int32, Stamp)
    /// Opened for every read, because there may be more such files than a process may hold open.
    case path
    /// Unchecked: the promise that nobody writes to this memory is the caller's, who built it into the program.
    case memory(UnsafeRawBufferPointer)
  }

  init(name: String, memory: UnsafeRawBufferPointer) {
    self.name = name
    self.byteCount = memory.count
    self.storage = .memory(memory)
  }

  /// Opens the ordinary file at `path`; blocks for as long as the file system does.
  init(path: String) throws(CheckpointError) {
    // O_NONBLOCK, or opening a pipe that somebody put there would wait for its writer; ordinary files ignore it.
    let (descriptor, code) = retryingOnInterrupt { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else {
      switch code {
      case ENOENT: throw .file(path, .missing)
      case EACCES, EPERM: throw .file(path, .permissionDenied)
      default: throw .file(path, .system(call: "open", code: code))
      }
    }
    do throws(CheckpointError) {
      let (stamp, mode) = try Self.status(descriptor, name: path)
      guard mode & S_IFMT == S_IFREG else {
        throw CheckpointError.file(path, mode & S_IFMT == S_IFDIR ? .directory : .notAFile)
      }
      name = path
      byteCount = stamp.byteCount
      storage = .descriptor(descriptor, stamp)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Reads the file at `path`, which is opened anew for every read, and may by then be another of the same bytes.
  init(reopening path: String) throws(CheckpointError) {
    byteCount = try ByteSource(path: path).byteCount
    name = path
    storage = .path
  }

  deinit {
    if case .descriptor(let descriptor, _) = storage { close(descriptor) }
  }

  /// Reads the bytes `range`, which must lie in the file, into the first `range.count` bytes of `buffer`.
  ///
  /// Throws `.shrunk` or `.changed` when the file is no longer what was opened; `buffer` then holds nothing of use.
  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range outside the file")
    precondition(buffer.count >= range.count, "buffer smaller than the range")
    switch storage {
    case .memory(let memory):
      UnsafeMutableRawBufferPointer(rebasing: buffer[..<range.count]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: memory[range]))
    case .path:
      let source = try ByteSource(path: name)
      guard source.byteCount == byteCount else { throw .file(name, .changed) }
      try source.read(range, into: buffer)
    case .descriptor(let descriptor, let stamp):
      var done = 0
      while done < range.count {
        // One call moves at most 2 GiB on Linux and fails above it on macOS, so ask for 1.
        let count = min(range.count - done, 1 << 30)
        let (result, code) = retryingOnInterrupt {
          pread(descriptor, buffer.baseAddress! + done, count, off_t(range.lowerBound + done))
        }
        if result < 0 { throw .file(name, .system(call: "pread", code: code)) }
        if result == 0 { throw .file(name, .shrunk(expected: byteCount, found: range.lowerBound + done)) }
        done += result
      }
      // Behind the read, so that whatever was written before its last byte arrived is noticed.
      let (now, _) = try Self.status(descriptor, name: name)
      if now.byteCount < byteCount { throw .file(name, .shrunk(expected: byteCount, found: now.byteCount)) }
      if now != stamp { throw .file(name, .changed) }
    }
  }

  /// Reads the bytes `range` into an array.
  func read(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    // The closure form cannot carry a typed error out, so it carries a result.
    var failure: CheckpointError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(CheckpointError) {
        try read(range, into: UnsafeMutableRawBufferPointer(buffer))
        count = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private static func status(
    _ descriptor: Int32, name: String
  ) throws(CheckpointError) -> (stamp: Stamp, mode: mode_t) {
    var status = stat()
    let (result, code) = retryingOnInterrupt { fstat(descriptor, &status) }
    guard result == 0 else { throw .file(name, .system(call: "fstat", code: code)) }
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    let stamp = Stamp(byteCount: Int(status.st_size), seconds: modified.tv_sec, nanoseconds: modified.tv_nsec)
    return (stamp, status.st_mode)
  }
}
