import MicroBatching
import Platform
import TestSupport
import Testing

@testable import GPT2

@Suite("Model errors")
struct ModelErrorTests {
  /// A micro-batch for a model with slots of 0, 10 and 4 cached positions, and what has to be said to it.
  struct Refusal: Sendable, CustomTestStringConvertible {
    var segments: [Segment]
    var tokens: [Int]
    var error: ModelError
    var testDescription: String { "\(error)" }

    init(_ segments: [Segment], tokens: [Int]? = nil, _ error: ModelError) {
      self.segments = segments
      self.tokens = tokens ?? Array(repeating: 5, count: max(0, segments.reduce(0) { $0 + $1.count }))
      self.error = error
    }
  }

  private static let positions = 75
  private static let vocabulary = 53
  private static let good = Segment(slot: 1, start: 3, count: 2)

  private static let refusals = [
    Refusal([Segment(slot: 1, start: 11, count: 1)], .gap(slot: 1, start: 11, cached: 10)),
    Refusal([Segment(slot: 0, start: 1, count: 3)], .gap(slot: 0, start: 1, cached: 0)),
    Refusal([good, Segment(slot: 2, start: 74, count: 1)], .gap(slot: 2, start: 74, cached: 4)),
    Refusal([Segment(slot: 0, start: 0, count: 76)], .beyondContext(position: 75, limit: positions)),
    Refusal([good, Segment(slot: 2, start: 4, count: 72)], .beyondContext(position: 75, limit: positions)),
    Refusal([Segment(slot: 1, start: 75, count: 1)], .beyondContext(position: 75, limit: positions)),
    Refusal([Segment(slot: 1, start: 1000, count: 1)], .beyondContext(position: 1000, limit: positions)),
    Refusal([Segment(slot: 1, start: .max, count: 1)], .beyondContext(position: .max, limit: positions)),
    Refusal([good, Segment(slot: 3, start: 0, count: 1)], .slotOutOfRange(slot: 3, slotCount: 3)),
    Refusal([Segment(slot: -1, start: 0, count: 1)], .slotOutOfRange(slot: -1, slotCount: 3)),
    Refusal([Segment(slot: .min, start: 0, count: 1)], .slotOutOfRange(slot: .min, slotCount: 3)),
    Refusal([good, Segment(slot: 2, start: 0, count: 0)], .malformedSegment(slot: 2, start: 0, count: 0)),
    Refusal([good, Segment(slot: 2, start: 4, count: -1)], .malformedSegment(slot: 2, start: 4, count: -1)),
    Refusal([Segment(slot: 1, start: -1, count: 1)], .malformedSegment(slot: 1, start: -1, count: 1)),
    Refusal([Segment(slot: 1, start: .min, count: 1)], .malformedSegment(slot: 1, start: .min, count: 1)),
    Refusal([good, Segment(slot: 2, start: 0, count: 1), good], .slotTwice(slot: 1)),
    Refusal([good], tokens: [52, 53], .tokenOutOfRange(token: 53, vocabularySize: vocabulary)),
    Refusal([good], tokens: [-1, 0], .tokenOutOfRange(token: -1, vocabularySize: vocabulary)),
    Refusal([good], tokens: [0, .max], .tokenOutOfRange(token: .max, vocabularySize: vocabulary)),
  ]

  @Test("refuse a micro-batch as a whole and leave the cache as it was", arguments: refusals)
  func refusal(refusal: Refusal) throws {
    let checkpoint = try RandomModels.odd.get()
    let model = try Model(checkpoint, slotCount: 3, .available[0])
    #expect(
      model.configuration.positionCount == Self.positions && model.configuration.vocabularySize == Self.vocabulary)
    let sequences = RandomModels.tokens([30, 30], of: model.configuration, seed: 1)
    let expected = try sequences.map { try model.run($0, slot: 0) }
    model.release(slot: 0)
    let start = try model.run(sequences, .together([10, 4]), slots: [1, 2])

    let hidden = try Activations(width: 21)
    let found = #expect(throws: ModelError.self) {
      try model.forward(refusal.tokens, MicroBatch(refusal.segments), into: hidden)
    }
    #expect(found == refusal.error)
    #expect((0..<3).map(model.cachedLength) == [0, 10, 4])
    let rest = try model.run(sequences, .together([20, 26]), slots: [1, 2], done: [10, 4])
    let whole = zip(start, rest).map {
      SequenceOutput(hidden: $0.hidden + $1.hidden, logits: $0.logits + $1.logits)
    }
    #expect(firstDifference(whole, expected) == nil)
  }

  @Test("come from a stage of its own too", arguments: refusals)
  func stage(refusal: Refusal) throws {
    if case .tokenOutOfRange = refusal.error { return }
    let checkpoint = try RandomModels.odd.get()
    let stage = try Stage(
      checkpoint, layers: 0..<1, slotCount: 3, kernels: .available[0], pool: ThreadPool(threadCount: 1))
    let activations = try Activations(width: 21)
    try activations.replace(by: Array(repeating: 0.25, count: 14 * 21))
    try stage.forward(
      MicroBatch([Segment(slot: 1, start: 0, count: 10), Segment(slot: 2, start: 0, count: 4)]), activations)
    let values = (0..<refusal.tokens.count * 21).map { Float($0) }
    try activations.replace(by: values)
    #expect(throws: refusal.error) { try stage.forward(MicroBatch(refusal.segments), activations) }
    #expect((0..<3).map(stage.cachedLength) == [0, 10, 4])
    #expect(BitDifference(activations.values, values) == nil)
  }

  @Test(
    "say in one line what was found, what was expected and what to do",
    arguments: [
      (ModelError.beyondContext(position: 1024, limit: 1000), ["1024", "1000", "shorten"]),
      (.gap(slot: 3, start: 17, cached: 12), ["slot 3", "17", "12", "give"]),
      (.slotOutOfRange(slot: -4, slotCount: 8), ["slot -4", "8 slots"]),
      (.malformedSegment(slot: 2, start: -5, count: 0), ["slot 2", "-5", "0 rows", "at least 1"]),
      (.slotTwice(slot: 6), ["slot 6", "one segment"]),
      (.tokenOutOfRange(token: 50258, vocabularySize: 50257), ["50258", "50257"]),
      (.outOfMemory(bytes: 4_000_001), ["5 MB", "free"]), (.outOfMemory(bytes: 4_000_000), [" 4 MB"]),
      (.outOfMemory(bytes: .max), ["MB"]), (.outOfMemory(bytes: 1), [" 1 MB"]),
    ])
  func descriptions(error: ModelError, parts: [String]) {
    #expect(error.description.isOneLine)
    for part in parts { #expect(error.description.contains(part)) }
  }
}
