internal import CPlatform
internal import LibC

/// A core for the calling thread alone while it computes, by agreement among the threads of this user on this machine that
/// compute alone: stages and coordinators of one thread.
///
/// There are often more of them than cores, and rarely more at work at once. Left to the system, two that work come to share
/// a core while another is idle: a waking thread is queued behind one that computes, and in a virtual machine, whose idle cores
/// count as taken, this lasts for milliseconds at each hop. So whoever begins to compute takes the core it is on, or another
/// that nobody has, and is bound to it until it is done. When all are taken it is left to the system.
///
/// What is agreed on are locks on the bytes of a file, one for each core, which end with whoever holds them. Other users, and
/// containers with a `/dev/shm` of their own, do not take part; what else runs on the machine is moved out of the way by the
/// system. Where there is no such file, or one core only, or the system is not Linux, nothing is claimed. Belongs to one thread.
public final class CoreClaim {
  /// Of the file with the locks; −1 when nothing is to be claimed.
  private let descriptor: Int32

  /// - Parameters:
  ///   - threadCount: threads that the caller computes with; several are left to the system.
  ///   - path: the file with the locks, made when there is none.
  public init(threadCount: Int = 1, path: String = CoreClaim.sharedPath) {
    var cores = gpt2_cores()
    let isOfUse = threadCount == 1 && gpt2_allowed_cores(&cores) && cores.numbers.count > 1
    descriptor = isOfUse ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600) : -1
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// In memory, since it is of no use after the machine's next start.
  public static var sharedPath: String { "/dev/shm/gpt2-cluster-cores.\(getuid())" }

  /// Calls `body`, which computes, with a core of its own, if there is one, and with the usual time slice.
  ///
  /// Threads and processes that `body` started would stay on that core.
  public func hold<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let held = take()
    defer { if let held { giveBack(held) } }
    return try TimeSlice.lengthened(body)
  }

  private struct Held {
    let core: Int
    /// Where the thread could run before.
    let allowed: gpt2_cores
  }

  /// Locks a core that nobody has, the one it is on if it can be, and binds the thread to it.
  private func take() -> Held? {
    var allowed = gpt2_cores()
    guard descriptor >= 0, gpt2_allowed_cores(&allowed) else { return nil }
    let isTaken = { core in allowed.contains(core) && gpt2_lock_byte(self.descriptor, core) }
    let current = Int(gpt2_current_core())
    guard let core = isTaken(current) ? current : (0..<gpt2_cores.capacity).first(where: isTaken) else { return nil }
    guard run(on: gpt2_cores([core])) else {
      gpt2_unlock_byte(descriptor, core)
      return nil
    }
    return Held(core: core, allowed: allowed)
  }

  private func giveBack(_ held: Held) {
    // Were the cores that this process may use changed meanwhile, it is all of those there are now.
    if !run(on: held.allowed) { _ = run(on: gpt2_cores(0..<gpt2_cores.capacity)) }
    gpt2_unlock_byte(descriptor, held.core)
  }

  private func run(on cores: gpt2_cores) -> Bool { withUnsafePointer(to: cores) { gpt2_run_on($0) } }
}

extension gpt2_cores {
  static var capacity: Int { 8 * MemoryLayout<Self>.size }

  init(_ numbers: some Sequence<Int>) {
    self.init()
    withUnsafeMutableBytes(of: &self) { bytes in for number in numbers { bytes[number / 8] |= 1 << (number % 8) } }
  }

  func contains(_ number: Int) -> Bool {
    0..<Self.capacity ~= number && withUnsafeBytes(of: self) { $0[number / 8] & 1 << (number % 8) != 0 }
  }

  /// The cores of the set, ascending.
  var numbers: [Int] { (0..<Self.capacity).filter(contains) }
}
