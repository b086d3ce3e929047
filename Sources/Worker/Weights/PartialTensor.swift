internal import GPT2
internal import LibC

/// The file of a tensor that is being fetched: its first bytes, locked against other workers.
///
/// It stays when the process ends, and the next that wants the tensor goes on from there; unless the cache keeps nothing.
final class PartialTensor {
  private let tensor: ExpectedTensor
  private let cache: TensorCache
  private let file: OpenFile
  /// Bytes that are there.
  private(set) var byteCount = 0

  /// Opens the first of the tensor's partial files that no other worker has locked, or makes one. What has the name and is
  /// no file is replaced.
  ///
  /// - Throws: `.cache`, or `.busy` when others have locked them all.
  init(_ tensor: ExpectedTensor, in cache: TensorCache) throws(WeightsError) {
    (self.tensor, self.cache) = (tensor, cache)
    if let temporary = cache.temporary {
      file = try temporary.makeFile()
      return
    }
    for path in cache.partialPaths(of: tensor) {
      guard let (file, size) = try Self.lock(path, create: true) else { continue }
      self.file = file
      byteCount = size
      // Longer than the tensor is none of ours.
      if size > tensor.byteCount { try clear() }
      return
    }
    throw .busy(path: cache.path(of: tensor))
  }

  /// Writes the bytes that follow.
  ///
  /// - Throws: `.cache`; a part of them may then be there.
  func append(_ bytes: [UInt8]) throws(WeightsError) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { pwrite(file.descriptor, $0.baseAddress, $0.count, off_t(byteCount)) }
      if count < 0 {
        if errno == EINTR { continue }
        throw .cache(path: file.name, code: errno)
      }
      done += count
      byteCount += count
    }
  }

  /// Checks the whole tensor and gives it its name in the cache; nil when it is wrong, and then it begins at 0 again.
  ///
  /// Blocks while it reads all of it.
  func finish() throws -> StoredTensor? {
    let stored = try tensor.stored(at: file.path)
    guard try stored.fingerprint() == tensor.fingerprint else {
      try clear()
      return nil
    }
    if let temporary = cache.temporary {
      temporary.keep(file, as: tensor.fingerprint)
      return stored
    }
    let place = cache.path(of: tensor)
    guard rename(file.path, place) == 0 else { throw WeightsError.cache(path: place, code: errno) }
    // What others left of the same tensor is of no use any more.
    for path in cache.partialPaths(of: tensor) where path != file.path {
      if let (file, _) = try? Self.lock(path, create: false) { unlink(file.path) }
    }
    return try tensor.stored(at: place)
  }

  private func clear() throws(WeightsError) {
    guard ftruncate(file.descriptor, 0) == 0 else { throw .cache(path: file.name, code: errno) }
    byteCount = 0
  }

  /// Opens and locks a file; nil when another holds the lock, when a folder with something in it has the name, or when it is
  /// not there and not to be made.
  private static func lock(
    _ path: String, create: Bool
  ) throws(WeightsError) -> (file: OpenFile, byteCount: Int)? {
    while true {
      // Opening a pipe would wait for its other end, a device may do anything, a link leads elsewhere.
      var status = stat()
      if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
        if !create { return nil }
        let code = TensorCache.remove(path)
        if code == ENOTEMPTY || code == EEXIST { return nil }
        guard code == 0 else { throw .irreplaceable(path: path, code: code) }
      }
      let flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | (create ? O_CREAT : 0)
      let descriptor = open(path, flags, 0o644)
      if descriptor < 0 {
        if errno == EINTR { continue }
        if errno == ENOENT, !create { return nil }
        throw .cache(path: path, code: errno)
      }
      let file = OpenFile(descriptor, path: path)
      switch lock(descriptor, at: path) {
      case .locked(let byteCount): return (file, byteCount)
      case .renamed: continue
      case .failed(let code):
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
    let isNamed = lstat(path, &named) == 0 && named.st_ino == locked.st_ino && named.st_dev == locked.st_dev
    return isNamed ? .locked(byteCount: Int(locked.st_size)) : .renamed
  }
}
