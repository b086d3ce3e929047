import GPT2
import Pipeline

@testable import Coordinator

/// Equal stages that take 16 + R time units for R rows each, with one micro-batch more than stages in flight.
struct TimedPipe {
  var scheduler: Scheduler
  private(set) var now = 0.0
  /// When each stage has nothing more to do.
  private var free: [Double]
  private var arrivals: [(sequence: UInt64, time: Double)] = []

  init(stageCount: Int, rows: Int) {
    free = Array(repeating: 0, count: stageCount)
    scheduler = Scheduler(
      slotCount: 8, positionBudget: 1 << 20, pacing: Pacing(stageCount: stageCount, fixedRows: rows))
  }

  /// Goes on until `isDone`, asked after every arrival.
  mutating func run(until isDone: (borrowing TimedPipe) -> Bool) {
    while true {
      while let dispatch = scheduler.next() {
        var time = now
        for stage in free.indices {
          time = max(time, free[stage]) + 16 + Double(dispatch.tokens.count)
          free[stage] = time
        }
        arrivals.append((dispatch.sequence, time))
      }
      if isDone(self) || arrivals.isEmpty { return }
      let first = arrivals.removeFirst()
      now = first.time
      for arrival in scheduler.arrived(first.sequence) where arrival.output == .nextToken {
        _ = scheduler.accept(SampledToken(token: 1, logProbability: -1), for: arrival.request)
      }
    }
  }
}
