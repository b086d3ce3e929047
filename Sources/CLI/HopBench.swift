import Coordinator
import GPT2
import MicroBatching
import Pipeline
import Platform

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
      hops += passes.flatMap(Self.hops)
      let work = passes.flatMap(\.stages).map { ($0.upperBound - $0.lowerBound).seconds }
      trips += try roundTrip(min(0.02, work.median)).measure(count: Self.passes)
    }
    return (hops.median, trips.median / 2)
  }

  /// Seconds between a micro-batch's stages; with one stage, between that and the coordinator.
  private static func hops(_ microBatch: Timeline.MicroBatch) -> [Double] {
    let stations = [microBatch.embedded] + microBatch.stages + [microBatch.finished]
    let pairs = zip(stations, stations.dropFirst())
    let ends = microBatch.stages.count > 1 ? 1 : 0
    return pairs.dropFirst(ends).dropLast(ends).map { max(0, ($1.lowerBound - $0.upperBound).seconds) }
  }

  private static let turns = 5
  /// Passes, and round trips, of a turn.
  private static let passes = 50
  /// Most fp32 values that an end of a round trip reads where a stage has more weights; far more than any cache holds.
  private static let memoryLimit = 64 << 20

  /// Writes a text of its own; the micro-batches of one row that it took.
  private func write() async throws -> ArraySlice<Timeline.MicroBatch> {
    let count = min(session.configuration.positionCount - 1, Self.passes)
    let results = session.engine.generate(
      try Generation(
        GenerationRequest(prompt: [token], options: .greedy, maximumTokens: count, endOfTextTokens: []),
        configuration: session.configuration, tokenizer: nil))
    for try await _ in results {}
    return session.engine.timeline.microBatches.suffix(count)
  }

  /// A message of the same bytes as a pass of one row, between ends that work as stages do.
  ///
  /// - Parameter pause: seconds that a stage computes a row.
  private func roundTrip(_ pause: Double) -> LibzmqRoundTrip {
    let configuration = session.configuration
    let record = StageRecord(received: 0, computed: 0, waited: 0, sent: 0)
    let pass = Pass(
      microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 1)]), width: configuration.width, records: [record])
    let blocks = session.engine.statistics.stages.map(\.layers.count).max() ?? 1
    return LibzmqRoundTrip(
      isInProcess: session.engine.address.hasPrefix("inproc:"),
      head: Message.pass(pass).encode(header: Header(number: 0)),
      payload: [UInt8](repeating: 1, count: pass.payloadByteCount),
      memory: min(Self.memoryLimit, blocks * configuration.matrixElementsPerBlock), pause: .seconds(pause))
  }
}
