import Coordinator
import GPT2
import MicroBatching
import Pipeline

/// What handing one token's activations from stage to stage costs, beside the same bytes over bare libzmq.
struct HopBench {
  private let session: ClusterSession
  private let token: Int

  init(_ session: ClusterSession, token: [Int]) {
    self.session = session
    self.token = token[0]
  }

  /// Medians, in seconds: from a stage's last computation to the next stage's having the activations, and half a round trip.
  ///
  /// In turns, since the machine may be another from one second to the next.
  func measure() async throws -> (hop: Double, halfRoundTrip: Double) {
    var hops: [Double] = []
    var trips: [Double] = []
    for _ in 0..<Self.turns {
      let passes = try await write()
      hops += passes.flatMap { microBatch in
        zip([microBatch.embedded] + microBatch.stages, microBatch.stages + [microBatch.finished])
          .dropFirst(microBatch.stages.count > 1 ? 1 : 0).dropLast(microBatch.stages.count > 1 ? 1 : 0)
          .map { Double($1.lowerBound - min($0.upperBound, $1.lowerBound)) / 1e9 }
      }
      let work = passes.flatMap(\.stages).map { Double($0.upperBound - $0.lowerBound) / 1e9 }
      let pause = min(0.02, work.median)
      let isInProcess = session.engine.address.hasPrefix("inproc:")
      trips += try RoundTrips(isInProcess: isInProcess, pause: pause, count: Self.passes).measure(pass)
    }
    return (hops.median, trips.median / 2)
  }

  private static let turns = 5
  /// Passes, and round trips, of a turn.
  private static let passes = 50

  /// Writes a text of its own; the micro-batches of one row that it took.
  private func write() async throws -> ArraySlice<Timeline.MicroBatch> {
    let count = min(session.configuration.positionCount - 1, Self.passes)
    let results = session.engine.generate(
      try Generation(
        GenerationRequest(
          prompt: [token], options: .greedy, maximumTokens: count, endOfTextTokens: []),
        configuration: session.configuration, tokenizer: nil))
    for try await _ in results {}
    return session.engine.timeline.microBatches.suffix(count)
  }

  /// The frames of a pass of one row.
  private var pass: [[UInt8]] {
    let width = session.configuration.width
    let pass = Pass(microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 1)]), width: width, records: [])
    return [Message.pass(pass).encode(header: Header(number: 0)), [UInt8](repeating: 1, count: width * 4)]
  }
}
