internal import LibC
internal import Platform

/// How long something takes for a micro-batch of so many rows.
public struct TimedRows: Hashable, Sendable {
  public let rows: Int
  public let seconds: Double
}

extension TimedRows {
  /// Times `work` for several numbers of rows, the cheapest over and over, until the budget is spent.
  ///
  /// What is kept of each is the median of its times: the shortest is one that work will seldom see. Numbers of rows that
  /// there is no time for are left out, but never the first two.
  ///
  /// - Parameters:
  ///   - rows: ascending.
  ///   - clock: seconds since some moment, which the work is timed by; see ``clock(for:)``.
  ///   - wall: what the budget is spent by.
  ///   - work: runs so many rows once.
  static func measure<Failure: Error>(
    _ rows: [Int], within budget: Duration, clock: () -> Double, wall: () -> Double = { Self.seconds(CLOCK_MONOTONIC) },
    _ work: (Int) throws(Failure) -> Void
  ) throws(Failure) -> [TimedRows] {
    let end = wall() + budget / .seconds(1)
    var times: [(rows: Int, seconds: [Double])] = []
    func time(_ rows: Int) throws(Failure) -> Double {
      let begin = clock()
      try work(rows)
      return clock() - begin
    }
    var left: Double { end - wall() }
    for count in rows {
      // More rows take longer at most in proportion; half the budget is for repeating.
      if times.count >= 2, let last = times.last, last.seconds[0] * Double(count) / Double(last.rows) > left / 2 {
        break
      }
      times.append((count, [try time(count)]))
    }
    var repeated = true
    while repeated {
      repeated = false
      for index in times.indices where times[index].seconds[0] <= left / 2 {
        times[index].seconds.append(try time(times[index].rows))
        repeated = true
      }
    }
    return times.map { TimedRows(rows: $0.rows, seconds: $0.seconds.sorted()[($0.seconds.count - 1) / 2]) }
  }

  /// What work on so many threads is to be timed by: the processor's time of the calling thread where it works alone, since what
  /// others take of the machine meanwhile says nothing of the work; the time of day for several. (A container that gets less
  /// than a core is slower than its processor's time says.)
  static func clock(for pool: ThreadPool) -> () -> Double {
    let clock = pool.threadCount == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC
    return { seconds(clock) }
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Numbers of rows worth timing for a model: decode steps and chunks of prompts.
  static func usualRows(_ configuration: Configuration) -> [Int] {
    [1, 8, 16, 32, 64, 128, 256, 512].filter { $0 <= configuration.positionCount }
  }

  /// Small numbers, positive and negative, without a period that any loop has.
  static let pattern: [Float] = (0..<9973).map { Float(($0 &* 7919) % 2003 - 1001) * 1e-5 }
}
