package import Coordinator
internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// What handing one token's activations from stage to stage costs, beside the same bytes over bare libzmq.
package struct HopBench {
  private let engine: Engine
  private let token: Int

  package init(_ engine: Engine, token: [Int]) {
    self.engine = engine
    self.token = token[0]
  }

  /// Medians, in seconds: from a stage's last computation to the next stage's having the activations, and half a round trip.
  ///
  /// In turns, since the machine may be another from one second to the next.
  package func measure() async throws -> (hop: Double, halfRoundTrip: Double) {
    var hops: [Double] = []
    var trips: [Double] = []
    for _ in 0..<Self.turns {
      let passes = try await write()
      hops += passes.flatMap(Self.hops)
      let work = passes.flatMap(\.stages).map { ($0.upperBound - $0.lowerBound).seconds }
      trips += try roundTrip(min(0.02, work.median)).measure(count: Self.passes, busy: reader)
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
    let count = min(engine.configuration.positionCount - 1, Self.passes)
    let results = engine.generate(
      try Generation(
        GenerationRequest(prompt: [token], options: .greedy, maximumTokens: count, endOfTextTokens: []),
        configuration: engine.configuration, tokenizer: nil))
    for try await _ in results {}
    return engine.timeline.microBatches.suffix(count)
  }

  /// A message of the same bytes as a pass of one row, between ends that work as stages do.
  ///
  /// - Parameter pause: seconds that a stage computes a row.
  private func roundTrip(_ pause: Double) -> LibzmqRoundTrip {
    let configuration = engine.configuration
    let record = StageRecord(received: 0, computed: 0, waited: 0, sent: 0)
    let pass = Pass(
      microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 1)]), width: configuration.width, records: [record])
    return LibzmqRoundTrip(
      isInProcess: engine.address.hasPrefix("inproc:"),
      head: Message.pass(pass).encode(header: Header(number: 0)),
      payload: [UInt8](repeating: 1, count: pass.payloadByteCount(into: 0)),
      pause: .seconds(pause))
  }

  /// Reads as much memory as a stage has weights, so that what sending and receiving need leaves the caches.
  private var reader: @Sendable () throws -> (Duration) -> Void {
    let blocks = engine.statistics.stages.map(\.layers.count).max() ?? 1
    let count = max(1, min(Self.memoryLimit, blocks * engine.configuration.blockMatrixBytes / MemoryLayout<Float>.size))
    return {
      var reader = try MemoryReader(count: count, kernels: .selected())
      return { reader.read(for: $0) }
    }
  }
}
