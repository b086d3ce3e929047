internal import Foundation

/// What the process may open.
enum Descriptors {
  static var limit: Int {
    var limit = rlimit()
    #if canImport(Glibc)
      let done = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    #else
      let done = getrlimit(RLIMIT_NOFILE, &limit)
    #endif
    return done == 0 ? Int(clamping: limit.rlim_cur) : 256
  }
}
