import MicroBatching
import Platform
import Testing

@testable import GPT2

@Suite("Stage")
struct StageTests {
  /// What enters the first block for `tokens`, `[T, C]`.
  private static func embedded(_ tokens: [Int], _ checkpoint: Checkpoint, _ kernels: Kernels) throws -> [Float] {
    let activations = try Activations(width: checkpoint.configuration.width)
    try Embedding(checkpoint, kernels: kernels, pool: ThreadPool(threadCount: 1))
      .apply(tokens, MicroBatch([Segment(slot: 0, start: 0, count: tokens.count)]), into: activations)
    return activations.values
  }

  private static func stage(_ checkpoint: Checkpoint, _ layers: LayerRange, slots: Int = 1, _ kernels: Kernels) throws
    -> Stage
  {
    try Stage(checkpoint, layers: layers, slotCount: slots, kernels: kernels, pool: ThreadPool(threadCount: 2))
  }

  private static let tokens = RandomModels.tokens([75], of: try! RandomModels.odd.get().configuration, seed: 3)[0]

  @Test("embeds a token at a position as the sum of their rows", arguments: Kernels.available)
  func embedding(kernels: Kernels) throws {
    let checkpoint = try RandomModels.odd.get()
    let (width, vocabulary) = (checkpoint.configuration.width, checkpoint.configuration.vocabularySize)
    let tokenRows = try checkpoint.floats("wte.weight", shape: [vocabulary, width])
    let positionRows = try checkpoint.floats("wpe.weight", shape: [75, width])
    let tokens = [0, vocabulary - 1, 7, 7, 20]
    let segments = [Segment(slot: 3, start: 73, count: 2), Segment(slot: 0, start: 0, count: 3)]
    let activations = try Activations(width: width)
    try Embedding(checkpoint, kernels: kernels, pool: ThreadPool(threadCount: 1))
      .apply(tokens, MicroBatch(segments), into: activations)
    let expected = zip(tokens, [73, 74, 0, 1, 2]).flatMap { token, position in
      (0..<width).map { tokenRows[token * width + $0] + positionRows[position * width + $0] }
    }
    #expect(BitDifference(activations.values, expected) == nil)
  }

  @Test("does not notice what its slots held before, not even NaN", arguments: Kernels.available)
  func staleCache(kernels: Kernels) throws {
    let checkpoint = try RandomModels.odd.get()
    let embedded = try Self.embedded(Self.tokens, checkpoint, kernels)
    let width = checkpoint.configuration.width
    let fresh = try Self.stage(checkpoint, 0..<3, kernels)
    let expected = try fresh.run(embedded, width: width, [75])
    let stale = try Self.stage(checkpoint, 0..<3, kernels)
    let poison = try stale.run(Array(repeating: .nan, count: embedded.count), width: width, [75])
    #expect(poison.allSatisfy { $0.isNaN })
    for chunks in [[75], Array(repeating: 1, count: 75), [16, 16, 1, 31, 6, 5]] {
      #expect(BitDifference(try stale.run(embedded, width: width, chunks), expected) == nil, "\(chunks)")
      _ = try stale.run(Array(repeating: .nan, count: embedded.count), width: width, [75])
    }
  }

  @Test("counts what its slots hold, and forgets what is released", arguments: Kernels.available)
  func slots(kernels: Kernels) throws {
    let checkpoint = try RandomModels.odd.get()
    let embedded = try Self.embedded(Self.tokens, checkpoint, kernels)
    let width = checkpoint.configuration.width
    let stage = try Self.stage(checkpoint, 1..<3, slots: 3, kernels)
    #expect(stage.layers == 1..<3)
    let expected = try stage.run(embedded, width: width, slot: 0, [75])
    _ = try stage.run(embedded, width: width, slot: 1, [30])
    #expect((0..<3).map(stage.cachedLength) == [75, 30, 0])
    stage.release(slot: 0)
    stage.release(slot: 2)
    #expect((0..<3).map(stage.cachedLength) == [0, 30, 0])
    #expect(throws: ModelError.gap(slot: 0, start: 1, cached: 0)) {
      _ = try stage.run(embedded, width: width, slot: 0, from: 1, [1])
    }
    #expect(BitDifference(try stage.run(embedded, width: width, slot: 0, [10, 65]), expected) == nil)
    // The other slot goes on from where it was.
    let tail = try stage.run(Array(embedded[(30 * width)...]), width: width, slot: 1, from: 30, [45])
    #expect(BitDifference(tail, Array(expected[(30 * width)...])) == nil)
    // Back to the beginning, and a rollback counts as well.
    _ = try stage.run(embedded, width: width, slot: 1, from: 12, [1])
    #expect((0..<3).map(stage.cachedLength) == [75, 13, 0])
    _ = try stage.run(embedded, width: width, slot: 1, [2])
    #expect((0..<3).map(stage.cachedLength) == [75, 2, 0])
  }

  @Test("of no blocks, and a micro-batch of no rows, change nothing", arguments: Kernels.available)
  func nothing(kernels: Kernels) throws {
    let checkpoint = try RandomModels.odd.get()
    let embedded = try Self.embedded(Self.tokens, checkpoint, kernels)
    let empty = try Self.stage(checkpoint, 2..<2, kernels)
    #expect(BitDifference(try empty.run(embedded, width: 21, [75]), embedded) == nil)
    #expect(empty.cachedLength(slot: 0) == 75)
    let activations = try Activations(width: 21)
    try empty.forward(MicroBatch(), activations)
    #expect(activations.rowCount == 0 && empty.cachedLength(slot: 0) == 75)
    let model = try Model(checkpoint, kernels)
    try model.forward([], MicroBatch(), into: activations)
    #expect(activations.rowCount == 0 && model.cachedLength(slot: 0) == 0)
    let logits = try Activations(width: 53)
    try model.logits(of: activations, rows: 0..<0, into: logits)
    #expect(logits.rowCount == 0)
  }

  @Test("traps on rows that are not the micro-batch's")
  func misuse() async {
    await #expect(processExitsWith: .failure) {
      let stage = try StageTests.stage(try RandomModels.odd.get(), 0..<1, .portable)
      try stage.forward(MicroBatch([Segment(slot: 0, start: 0, count: 2)]), Activations(width: 21))
    }
  }
}

extension Activations {
  /// All values, `[R, C]`.
  var values: [Float] { (0..<rowCount).flatMap { Array(self[$0]) } }

  /// Replaces all rows by `values`, `[R, C]`.
  func replace(by values: some Collection<Float>) throws {
    precondition(values.count % width == 0)
    try resize(rowCount: values.count / width)
    var values = values.makeIterator()
    for row in 0..<rowCount {
      for i in 0..<width { self[row][i] = values.next()! }
    }
  }
}

extension Stage {
  /// Runs consecutive rows of one sequence in chunks of the lengths given; returns what leaves the stage.
  func run(_ rows: [Float], width: Int, slot: Int = 0, from start: Int = 0, _ chunks: [Int]) throws -> [Float] {
    let activations = try Activations(width: width)
    var (done, out) = (0, [Float]())
    for count in chunks {
      try activations.replace(by: rows[done * width..<(done + count) * width])
      try forward(MicroBatch([Segment(slot: slot, start: start + done, count: count)]), activations)
      out += activations.values
      done += count
    }
    return out
  }
}
