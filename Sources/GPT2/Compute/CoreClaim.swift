internal import CKernels

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A core for the calling thread alone while it computes, by agreement among the threads of this user on this machine that
/// compute alone: stages and coordinators of one thread.
///
/// There are often more of them than cores, and rarely more at work at once. Left to the system, two that work come to share
/// a core while another is idle: a waking thread is queued behind one that computes, and in a virtual machine, whose idle cores
/// count as taken, this lasts for milliseconds at each hop. So whoever begins to compute takes the core it is on, or another
/// that nobody has, and is bound to it until it is done. When all are taken it is left to the system.
///
/// What is agreed on are locks on the bytes of a file, one for each core, which end with whoever holds them. Where there is no
/// such file, or one core only, nothing is claimed. Belongs to one thread.
public final class CoreClaim {
  private let allowed: gpt2_cores
  private let cores: [Int]
  /// Of the file with the locks; −1 when nothing is to be claimed.
  private let descriptor: Int32

  /// - Parameters:
  ///   - threadCount: threads that the caller computes with; several are left to the system.
  ///   - path: the file with the locks, made when there is none.
  public init(threadCount: Int = 1, path: String = CoreClaim.sharedPath) {
    var allowed = gpt2_cores()
    let isKnown = gpt2_allowed_cores(&allowed)
    self.allowed = allowed
    cores = withUnsafeBytes(of: allowed) { bytes in
      (0..<(8 * bytes.count)).filter { bytes[$0 / 8] & 1 << ($0 % 8) != 0 }
    }
    descriptor =
      isKnown && threadCount == 1 && cores.count > 1 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600) : -1
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// In memory, since it is of no use after the machine's next start.
  public static var sharedPath: String { "/dev/shm/gpt2-cluster-cores.\(getuid())" }

  /// Calls `body` with a core of its own, if there is one.
  public func hold<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    guard let core = take() else { return try body() }
    defer {
      gpt2_unlock_byte(descriptor, core)
      withUnsafePointer(to: allowed) { _ = gpt2_run_on($0) }
    }
    return try body()
  }

  /// Locks a core that nobody has, the one it is on if it can be, and binds the thread to it.
  private func take() -> Int? {
    guard descriptor >= 0 else { return nil }
    let current = Int(gpt2_current_core())
    for core in [current] + cores where core >= 0 && gpt2_lock_byte(descriptor, core) {
      var one = gpt2_cores()
      withUnsafeMutableBytes(of: &one) { $0[core / 8] = 1 << (core % 8) }
      if gpt2_run_on(&one) { return core }
      gpt2_unlock_byte(descriptor, core)
      return nil
    }
    return nil
  }
}
