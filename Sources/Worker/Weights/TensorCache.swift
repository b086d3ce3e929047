internal import GPT2
internal import LibC
internal import Platform

/// A folder of tensors named by their content: `<fingerprint>.tensor`, and `<fingerprint>.partial` of those being fetched.
///
/// A tensor stands under its name only if it was whole and right when it came, and is checked again whenever it is used.
/// Any number of workers may share a folder. A folder that may not be written serves with what is in it. Nothing is ever
/// removed but what is wrong; whoever needs the space can delete all of it between runs.
public struct TensorCache: Sendable {
  /// Nil when there is none, and all is kept in ``temporary``.
  let folder: String?
  /// Where tensors that are sent are kept instead of in the folder.
  let temporary: TemporaryTensors?

  init(folder: String?, temporary: TemporaryTensors?) {
    precondition(folder != nil || temporary != nil)
    (self.folder, self.temporary) = (folder, temporary)
  }

  /// Makes the folder, and those above it, unless they are there.
  ///
  /// - Throws: `.cache` when that fails. Whether something may be written there is not asked before it has to be.
  public init(folder: String) throws(WeightsError) {
    self.init(folder: folder, temporary: nil)
    var status = stat()
    var end = folder.startIndex
    while end < folder.endIndex {
      end = folder[folder.index(after: end)...].firstIndex(of: "/") ?? folder.endIndex
      let path = String(folder[..<end])
      // Some folders on the way may not be written and yet are there.
      guard mkdir(path, 0o700) != 0, errno != EEXIST else { continue }
      let code = errno
      guard stat(path, &status) == 0 else { throw .cache(path: folder, code: code) }
    }
    guard stat(folder, &status) == 0 else { throw .cache(path: folder, code: errno) }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .cache(path: folder, code: ENOTDIR) }
    guard access(folder, X_OK) == 0 else { throw .cache(path: folder, code: errno) }
  }

  /// For messages.
  var name: String { folder ?? temporary!.folder }

  /// - Throws: `.cache` when nothing may be written into the folder.
  func checkWritable() throws(WeightsError) {
    guard let folder, access(folder, W_OK | X_OK) != 0 else { return }
    throw .cache(path: folder, code: errno)
  }

  /// Where the folder has a tensor.
  func path(of tensor: ExpectedTensor) -> String { "\(name)/\(tensor.fingerprint).tensor" }

  /// Where the tensor may be while it is fetched: under the first name, unless another worker is at it too.
  func partialPaths(of tensor: ExpectedTensor) -> [String] {
    (0..<8).map { "\(name)/\(tensor.fingerprint)\($0 == 0 ? "" : ".\($0)").partial" }
  }

  /// The tensor, or nil when it is not there whole and right; what is wrong is removed.
  ///
  /// Blocks while it reads all of it.
  ///
  /// - Throws: `.irreplaceable`, ``CheckpointError``.
  func tensor(_ tensor: ExpectedTensor) throws -> StoredTensor? {
    guard let stored = try unchecked(tensor) else { return nil }
    if try stored.fingerprint() == tensor.fingerprint { return stored }
    try giveUp(stored.file)
    return nil
  }

  /// Those of the tensors that are there whole and right, in their order; what is wrong is removed.
  ///
  /// - Parameter progress: called after every tensor that is there.
  /// - Throws: `.irreplaceable`, ``CheckpointError``.
  func tensors(
    _ tensors: [ExpectedTensor], pool: ThreadPool, progress: () -> Void
  ) throws -> [StoredTensor?] {
    var stored = try tensors.map { try unchecked($0) }
    let present = stored.indices.filter { stored[$0] != nil }
    let fingerprints = try present.compactMap { stored[$0] }.fingerprints(pool: pool, progress: progress)
    for (index, fingerprint) in zip(present, fingerprints) where fingerprint != tensors[index].fingerprint {
      try giveUp(stored[index]!.file)
      stored[index] = nil
    }
    return stored
  }

  private func unchecked(_ tensor: ExpectedTensor) throws -> StoredTensor? {
    if let path = temporary?.path(of: tensor.fingerprint) { return try tensor.stored(at: path) }
    guard folder != nil else { return nil }
    let path = path(of: tensor)
    // Looked at before it is opened, which does something to some devices.
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return nil }
      throw WeightsError.cache(path: path, code: errno)
    }
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      try giveUp(path)
      return nil
    }
    do throws(CheckpointError) {
      return try tensor.stored(at: path)
    } catch .file(_, .missing) {
      return nil
    } catch .file(_, .wrongSize) {
      try giveUp(path)
      return nil
    }
  }

  /// Makes room for the tensor that belongs there, unless it goes elsewhere anyway.
  private func giveUp(_ path: String) throws(WeightsError) {
    if temporary != nil { return }
    let code = Self.remove(path)
    guard code == 0 else { throw .irreplaceable(path: path, code: code) }
  }

  /// Removes what bears this name: a file, a link and not what it leads to, or a folder if it is empty.
  ///
  /// - Returns: 0, or the system's refusal, `errno`.
  static func remove(_ path: String) -> Int32 {
    if unlink(path) == 0 || errno == ENOENT { return 0 }
    // Linux and others have different errors for folders.
    guard errno == EISDIR || errno == EPERM else { return errno }
    let code = errno
    if rmdir(path) == 0 || errno == ENOENT { return 0 }
    return errno == ENOTDIR ? code : errno
  }
}
