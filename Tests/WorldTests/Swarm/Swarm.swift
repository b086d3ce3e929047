import Platform
import Synchronization

/// Many seeds, on as many threads as there are cores; each world belongs to one thread.
final class Swarm: Sendable {
  /// Every so many seeds one runs twice, and has to run in the same way.
  static let repetition = 16
  /// When so many have failed, no more are begun.
  static let failureLimit = 8

  struct Failure: Sendable {
    let options: Options
    let violation: String
  }

  private struct State {
    var next: Int
    var tally = Tally()
    var failures: [Failure] = []
  }

  private let seeds: Range<Int>
  private let expand: @Sendable (Int) -> Options
  private let state: Mutex<State>

  init(_ seeds: Range<Int>, expand: @escaping @Sendable (Int) -> Options = { Options(swarm: $0) }) {
    (self.seeds, self.expand) = (seeds, expand)
    state = Mutex(State(next: seeds.lowerBound))
  }

  /// - Returns: what came about, and the runs that failed, in the order of their seeds.
  func run(threads: Int = Host.cores) -> (Tally, [Failure]) {
    Trap.watch()
    let threads = (0..<threads).compactMap { index in try? JoinableThread { [self] in work(index) } }
    for thread in threads { thread.join() }
    return state.withLock { ($0.tally, $0.failures.sorted { $0.options.seed < $1.options.seed }) }
  }

  private func work(_ thread: Int) {
    defer { Trap.seed(-1, of: thread) }
    while let seed = take() {
      Trap.seed(seed, of: thread)
      let options = expand(seed)
      let isRepeated = seed % Self.repetition == 0
      let verdict = Verdict.of(options, isHashed: isRepeated)
      var violation = verdict.violation
      if isRepeated, violation == nil {
        let again = Verdict.of(options, isHashed: true)
        if again.hashes != verdict.hashes {
          let step = zip(again.hashes, verdict.hashes).prefix { $0 == $1 }.count
          violation = "it does not run in the same way twice, from step \(step) on"
        }
      }
      state.withLock { state in
        state.tally.add(verdict.tally)
        if let violation { state.failures.append(Failure(options: options, violation: violation)) }
      }
    }
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.next < seeds.upperBound, state.failures.count < Self.failureLimit else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }
}
