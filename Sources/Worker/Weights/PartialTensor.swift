internal import GPT2

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The file of a tensor that is being fetched: its first bytes, locked against other workers.
///
/// It stays when the process ends, and the next that wants the tensor goes on from there.
final class PartialTensor {
  private let tensor: ExpectedTensor
  private let cache: TensorCache
  private let path: String
  private let descriptor: Int32
  /// Bytes that are there.
  private(set) var byteCount: Int

  /// Opens the first of the tensor's partial files that no other worker has locked, or makes one.
  ///
  /// - Throws: `.cache`, or `.busy` when others have locked them all.
  init(_ tensor: ExpectedTensor, in cache: TensorCache) throws(WeightsError) {
    for path in cache.partialPaths(of: tensor) {
      guard let (descriptor, size) = try Self.lock(path, create: true) else { continue }
      self.tensor = tensor
      self.cache = cache
      self.path = path
      self.descriptor = descriptor
      byteCount = size
      // Longer than the tensor is none of ours.
      if size > tensor.byteCount { try clear() }
      return
    }
    throw .busy(path: cache.path(of: tensor))
  }

  deinit {
    close(descriptor)
  }

  /// Writes the bytes that follow.
  ///
  /// - Throws: `.cache`; a part of them may then be there.
  func append(_ bytes: [UInt8]) throws(WeightsError) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(byteCount)) }
      if count < 0 {
        if errno == EINTR { continue }
        throw .cache(path: path, code: errno)
      }
      done += count
      byteCount += count
    }
  }

  /// Checks the whole tensor and gives it its name in the cache; nil when it is wrong, and then it begins at 0 again.
  ///
  /// Blocks while it reads all of it.
  func finish() throws -> StoredTensor? {
    guard try tensor.stored(at: path).fingerprint() == tensor.fingerprint else {
      try clear()
      return nil
    }
    let place = cache.path(of: tensor)
    guard rename(path, place) == 0 else { throw WeightsError.cache(path: place, code: errno) }
    // What others left of the same tensor is of no use any more.
    for path in cache.partialPaths(of: tensor) where path != self.path {
      guard let (descriptor, _) = try Self.lock(path, create: false) else { continue }
      unlink(path)
      close(descriptor)
    }
    return try tensor.stored(at: place)
  }

  private func clear() throws(WeightsError) {
    guard ftruncate(descriptor, 0) == 0 else { throw .cache(path: path, code: errno) }
    byteCount = 0
  }

  /// Opens and locks a file; nil when another holds the lock, or it is not there and not to be made.
  private static func lock(
    _ path: String, create: Bool
  ) throws(WeightsError) -> (descriptor: Int32, byteCount: Int)? {
    while true {
      let descriptor = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0o644)
      if descriptor < 0 {
        if errno == EINTR { continue }
        if errno == ENOENT, !create { return nil }
        throw .cache(path: path, code: errno)
      }
      switch lock(descriptor, at: path) {
      case .locked(let byteCount): return (descriptor, byteCount)
      case .renamed: close(descriptor)
      case .failed(let code):
        close(descriptor)
        if code == EWOULDBLOCK { return nil }
        throw .cache(path: path, code: code)
      }
    }
  }

  enum Locking: Equatable {
    case locked(byteCount: Int)
    /// Between opening and locking, its holder finished it: it has another name now, and is not ours to write.
    case renamed
    case failed(code: Int32)
  }

  /// Locks a file that was opened as `path`.
  static func lock(_ descriptor: Int32, at path: String) -> Locking {
    var locked = stat()
    var named = stat()
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &locked) == 0 else {
      return .failed(code: errno)
    }
    let isNamed = stat(path, &named) == 0 && named.st_ino == locked.st_ino && named.st_dev == locked.st_dev
    return isNamed ? .locked(byteCount: Int(locked.st_size)) : .renamed
  }
}
