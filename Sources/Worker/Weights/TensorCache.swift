internal import FoundationEssentials
internal import GPT2

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A folder of tensors named by their content: `<fingerprint>.tensor`, and `<fingerprint>.partial` of those being fetched.
///
/// A tensor stands under its name only if it was whole and right when it came, and is checked again whenever it is used.
/// Any number of workers may share a folder. Nothing is ever removed but what is wrong; whoever needs the space can delete
/// all of it between runs.
public struct TensorCache: Sendable {
  public let folder: String

  /// Makes the folder, and those above it, unless they are there.
  ///
  /// - Throws: `.cache` when that fails, or nothing may be written there.
  public init(folder: String) throws(WeightsError) {
    self.folder = folder
    var end = folder.startIndex
    while end < folder.endIndex {
      end = folder[folder.index(after: end)...].firstIndex(of: "/") ?? folder.endIndex
      // Some folders on the way may not be written and yet are there; what matters is said below.
      if mkdir(String(folder[..<end]), 0o700) != 0, errno != EEXIST, end == folder.endIndex {
        throw .cache(path: folder, code: errno)
      }
    }
    var status = stat()
    guard stat(folder, &status) == 0 else { throw .cache(path: folder, code: errno) }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .cache(path: folder, code: ENOTDIR) }
    guard access(folder, W_OK | X_OK) == 0 else { throw .cache(path: folder, code: errno) }
  }

  /// `gpt2-cluster` in `$XDG_CACHE_HOME`, or else in `~/.cache`.
  ///
  /// - Throws: `.noCacheFolder`.
  public static func defaultFolder() throws(WeightsError) -> String {
    try defaultFolder(in: ProcessInfo.processInfo.environment)
  }

  static func defaultFolder(in environment: [String: String]) throws(WeightsError) -> String {
    // The XDG specification has relative paths ignored.
    if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return "\(folder)/gpt2-cluster" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { throw .noCacheFolder }
    return "\(home)/.cache/gpt2-cluster"
  }

  func path(of tensor: ExpectedTensor) -> String { "\(folder)/\(tensor.fingerprint).tensor" }

  /// Where the tensor may be while it is fetched: under the first name, unless another worker is at it too.
  func partialPaths(of tensor: ExpectedTensor) -> [String] {
    (0..<8).map { "\(folder)/\(tensor.fingerprint)\($0 == 0 ? "" : ".\($0)").partial" }
  }

  /// The tensor, or nil when it is not there whole and right; what is wrong is removed.
  ///
  /// Blocks while it reads all of it.
  func tensor(_ tensor: ExpectedTensor) throws -> StoredTensor? {
    guard let stored = try unchecked(tensor) else { return nil }
    if try stored.fingerprint() == tensor.fingerprint { return stored }
    try remove(stored.file)
    return nil
  }

  /// Those of the tensors that are there whole and right, in their order; what is wrong is removed.
  ///
  /// - Parameter progress: called after every tensor that is there.
  func tensors(
    _ tensors: [ExpectedTensor], pool: ThreadPool, progress: () -> Void
  ) throws -> [StoredTensor?] {
    var stored = try tensors.map { try unchecked($0) }
    let present = stored.indices.filter { stored[$0] != nil }
    let fingerprints = try present.compactMap { stored[$0] }.fingerprints(pool: pool, progress: progress)
    for (index, fingerprint) in zip(present, fingerprints) where fingerprint != tensors[index].fingerprint {
      try remove(path(of: tensors[index]))
      stored[index] = nil
    }
    return stored
  }

  private func unchecked(_ tensor: ExpectedTensor) throws -> StoredTensor? {
    let path = path(of: tensor)
    do throws(CheckpointError) {
      return try tensor.stored(at: path)
    } catch .file(_, .missing) {
      return nil
    } catch .file(_, .wrongSize) {
      try remove(path)
      return nil
    }
  }

  private func remove(_ path: String) throws(WeightsError) {
    if unlink(path) != 0, errno != ENOENT { throw .cache(path: path, code: errno) }
  }
}
