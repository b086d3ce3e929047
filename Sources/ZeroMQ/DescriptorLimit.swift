internal import LibC

/// How many files and connections this process may have open.
public enum DescriptorLimit {
  /// The limit now; others may change it while the process runs.
  public static var current: Int { Int(clamping: limit.rlim_cur) }

  /// Raises the limit as far as this user may, to `most` at the most; processes that are started have it too.
  public static func raise(to most: Int) {
    var limit = limit
    let goal = min(limit.rlim_max, rlim_t(most))
    guard limit.rlim_cur < goal else { return }
    limit.rlim_cur = goal
    setrlimit(resource, &limit)
  }

  private static var limit: rlimit {
    var limit = rlimit()
    // It fails for no resource that there is.
    return getrlimit(resource, &limit) == 0 ? limit : rlimit(rlim_cur: 256, rlim_max: 256)
  }

  #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let resource = RLIMIT_NOFILE
  #endif
}
