internal import FoundationEssentials
internal import LibC

extension TensorCache {
  /// The cache where caches belong: `gpt2-cluster` in `$XDG_CACHE_HOME`, or else in `~/.cache`.
  ///
  /// When nothing can be written there, what is in it serves all the same, and the rest is kept in files without a name,
  /// in `$TMPDIR` or else in `/tmp`, as long as the cache is used. `reason` then says why.
  public static func standard() -> (cache: TensorCache, reason: WeightsError?) {
    standard(in: ProcessInfo.processInfo.environment)
  }

  static func standard(in environment: [String: String]) -> (cache: TensorCache, reason: WeightsError?) {
    var cache: TensorCache?
    do throws(WeightsError) {
      cache = try TensorCache(folder: defaultFolder(in: environment))
      try cache?.checkWritable()
      return (cache!, nil)
    } catch {
      let place = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
      return (TensorCache(folder: cache?.folder, temporary: TemporaryTensors(folder: place)), error)
    }
  }

  /// - Throws: `.noCacheFolder`; `.cache` when there is no home folder, which is not ours to make.
  static func defaultFolder(in environment: [String: String]) throws(WeightsError) -> String {
    // The XDG specification has relative paths ignored.
    if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return "\(folder)/gpt2-cluster" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { throw .noCacheFolder }
    var status = stat()
    guard stat(home, &status) == 0 else { throw .cache(path: home, code: errno) }
    return "\(home)/.cache/gpt2-cluster"
  }
}
