internal import CPlatform
internal import LibC
internal import Synchronization

/// A fixed set of threads that share out the indices of a loop.
///
/// The thread that calls ``forEach(_:_:)`` works too, so a pool of one has no thread of its own. Workers look out for the
/// next loop for some tens of microseconds, as long as the gaps within a forward pass last, and then park.
public final class ThreadPool: Sendable {
  /// Threads that work on a loop, the caller included.
  public let threadCount: Int
  private let shared: Shared
  private let threads: [JoinableThread]

  /// Multiply-adds that take a few microseconds, as waking a thread does.
  public static let worthwhileWork = 65536

  /// Starts `threadCount - 1` threads, or as many of them as the system allows: ``threadCount`` says how many there are.
  ///
  /// - Precondition: `threadCount` is at least 1.
  public init(threadCount: Int) {
    precondition(threadCount >= 1)
    let shared = Shared()
    var started: [JoinableThread] = []
    while started.count < threadCount - 1,
      let thread = try? JoinableThread(stackSize: Self.stackSize, { shared.work() })
    {
      started.append(thread)
    }
    self.shared = shared
    self.threadCount = started.count + 1
    threads = started
  }

  deinit {
    shared.stop()
    for thread in threads { thread.join() }
  }

  /// Calls `body` once for every index below `count`, on several threads at once, and returns when all calls have returned.
  ///
  /// `body` must be safe to call from several threads; nothing is said about order. Only one loop runs at a time: the pool
  /// belongs to whoever drives the model.
  ///
  /// - Parameter work: multiply-adds, or what takes as long, of all calls together; the caller does alone what is not worth
  ///   a word to another thread.
  public func forEach(_ count: Int, work: Int = .max, _ body: (Int) -> Void) {
    if threadCount == 1 || count <= 1 || work < Self.worthwhileWork {
      for index in 0..<count { body(index) }
      return
    }
    withoutActuallyEscaping(body) { shared.run(count, $0) }
  }

  /// Bytes of a worker's stack. The matrix product packs 288 KiB there, more than the 128 KiB that musl gives.
  private static let stackSize = 1 << 20
}

/// What the caller and the workers of a pool share. Worker threads hold this and not the pool, so that the pool can end them.
///
/// A loop is a round. Workers join a round while it is open; the caller closes it when no index is left, and waits only for
/// those that joined: a worker that the system does not run just now holds nobody up.
private final class Shared: @unchecked Sendable {
  // Unchecked: `body` and `count` are written by the caller alone, before it opens a round and when no worker is in one;
  // `lock` guards sleeping only.
  private var body: (Int) -> Void = { _ in }
  private var count = 0
  private let next = Atomic<Int>(0)
  private let round = Atomic<Int>(Round(number: 0, isOpen: false, workers: 0).word)
  private let isStopping = Atomic<Bool>(false)
  private let sleepers = Atomic<Int>(0)
  private let callerSleeps = Atomic<Bool>(false)
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>
  private let done: UnsafeMutablePointer<pthread_cond_t>

  /// Looks at the shared word before a thread parks: some tens of microseconds.
  private static let patience = 4000

  /// The state of the loop in one word, so that joining and closing cannot miss each other.
  private struct Round {
    var number: Int
    var isOpen: Bool
    /// Workers that joined and are not done.
    var workers: Int

    init(number: Int, isOpen: Bool, workers: Int) {
      (self.number, self.isOpen, self.workers) = (number, isOpen, workers)
    }

    init(_ word: Int) { self.init(number: word >> 17, isOpen: word & 1 << 16 != 0, workers: word & 0xFFFF) }

    var word: Int { number << 17 | (isOpen ? 1 << 16 : 0) | workers }
  }

  init() {
    lock = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    done = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    pthread_cond_destroy(wake)
    pthread_cond_destroy(done)
    lock.deallocate()
    wake.deallocate()
    done.deallocate()
  }

  func run(_ count: Int, _ body: @escaping (Int) -> Void) {
    self.count = count
    self.body = body
    next.store(0, ordering: .relaxed)
    var current = Round(round.load(ordering: .relaxed))
    current = Round(number: current.number + 1, isOpen: true, workers: 0)
    round.store(current.word, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(lock)
      pthread_cond_broadcast(wake)
      pthread_mutex_unlock(lock)
    }
    takeIndices()
    round.bitwiseAnd(~(1 << 16), ordering: .sequentiallyConsistent)
    wait(
      { Round(self.round.load(ordering: .sequentiallyConsistent)).workers == 0 }, on: done,
      announce: { self.callerSleeps.store($0, ordering: .sequentiallyConsistent) })
    self.body = { _ in }
  }

  func work() {
    // It computes, whatever its starter does besides.
    _ = gpt2_set_slice(0)
    var seen = 0
    while true {
      wait(
        {
          let current = Round(self.round.load(ordering: .sequentiallyConsistent))
          return current.isOpen && current.number != seen || self.isStopping.load(ordering: .acquiring)
        }, on: wake,
        announce: { self.sleepers.add($0 ? 1 : -1, ordering: .sequentiallyConsistent) })
      if isStopping.load(ordering: .acquiring) { return }
      guard let number = join(unless: seen) else { continue }
      seen = number
      takeIndices()
      let left = Round(round.subtract(1, ordering: .sequentiallyConsistent).newValue)
      if left.workers == 0, !left.isOpen, callerSleeps.load(ordering: .sequentiallyConsistent) {
        pthread_mutex_lock(lock)
        pthread_cond_signal(done)
        pthread_mutex_unlock(lock)
      }
    }
  }

  /// Joins the round that is open, if there is one that is not `seen`; its number.
  private func join(unless seen: Int) -> Int? {
    var word = round.load(ordering: .sequentiallyConsistent)
    while true {
      var current = Round(word)
      guard current.isOpen, current.number != seen else { return nil }
      current.workers += 1
      let (exchanged, original) = round.compareExchange(
        expected: word, desired: current.word, ordering: .sequentiallyConsistent)
      if exchanged { return current.number }
      word = original
    }
  }

  func stop() {
    pthread_mutex_lock(lock)
    isStopping.store(true, ordering: .releasing)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(lock)
  }

  private func takeIndices() {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      if index >= count { return }
      body(index)
    }
  }

  /// Spins for a while, then parks on `condition` until `isReady`; `announce` says that this thread sleeps or no longer does.
  private func wait(
    _ isReady: () -> Bool, on condition: UnsafeMutablePointer<pthread_cond_t>, announce: (Bool) -> Void
  ) {
    for _ in 0..<Self.patience {
      if isReady() { return }
      gpt2_pause()
    }
    pthread_mutex_lock(lock)
    announce(true)
    while !isReady() { pthread_cond_wait(condition, lock) }
    announce(false)
    pthread_mutex_unlock(lock)
  }
}
