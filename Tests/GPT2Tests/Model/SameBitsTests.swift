import MicroBatching
import TestSupport
import Testing

@testable import GPT2

/// The first promise: the same bits whatever the batching, the chunking, the threads, the instruction set.
@Suite("Same bits")
struct SameBitsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var kernels: Kernels
    var threads: Int
    var isOdd: Bool
    var testDescription: String { "\(isOdd ? "odd" : "even") sizes, \(kernels.name), \(threads) threads" }

    /// Three threads with the small model only: on two cores they cost much.
    static let all = Kernels.available.flatMap { kernels in
      [(1, false), (2, false), (1, true), (2, true), (3, true)].map {
        Case(kernels: kernels, threads: $0, isOdd: $1)
      }
    }

    var sequences: [[Int]] { get throws { isOdd ? try SameBitsTests.odd.get().0 : try SameBitsTests.even.get().0 } }
    var expected: [SequenceOutput] {
      get throws { isOdd ? try SameBitsTests.odd.get().1 : try SameBitsTests.even.get().1 }
    }
    func model(slotCount: Int) throws -> Model {
      try Model(
        isOdd ? RandomModels.odd.get() : RandomModels.even.get(), slotCount: slotCount, threads: threads, kernels)
    }
  }

  private static let even = reference(RandomModels.even, lengths: [160, 1, 77, 130])
  private static let odd = reference(RandomModels.odd, lengths: [75, 33, 2, 64, 75])

  /// Each sequence for itself in one piece, on one thread.
  private static func reference(_ checkpoint: Result<Checkpoint, any Error>, lengths: [Int])
    -> Result<([[Int]], [SequenceOutput]), any Error>
  {
    Result {
      let model = try Model(checkpoint.get(), .available[0])
      let sequences = RandomModels.tokens(lengths, of: model.configuration, seed: 7)
      let outputs = try sequences.map { try model.run($0) }
      // Rows that are all NaN, or all the same, would equal each other however they came about.
      for output in outputs {
        #expect(output.hidden.allSatisfy { $0.isFinite } && output.logits.allSatisfy { $0.isFinite })
        #expect(Set(output.logits).count > output.logits.count / 2)
      }
      return (sequences, outputs)
    }
  }

  @Test("for a prompt in one piece, with others, token by token and in chunks", arguments: Case.all)
  func chunking(example: Case) throws {
    let (sequences, expected) = (try example.sequences, try example.expected)
    let counts = sequences.map(\.count)
    let model = try example.model(slotCount: counts.count)
    #expect(firstDifference(try model.run(sequences, .together(counts)), expected) == nil)
    for length in [1, 7, 48, 64] {
      let outputs = try model.run([sequences[0]], .chunks(of: length, [counts[0]]))
      #expect(firstDifference(outputs, [expected[0]]) == nil, "chunks of \(length)")
    }
  }

  @Test("for any mixture of sequences, chunks and single tokens, in any slots", arguments: Case.all)
  func mixtures(example: Case) throws {
    let (sequences, expected) = (try example.sequences, try example.expected)
    let counts = sequences.map(\.count)
    let model = try example.model(slotCount: counts.count + 2)
    for seed in 1...4 {
      // Slots are as the mixture before left them.
      var inputs = SeededNumbers(seed)
      let slots = Array((0..<model.slotCount).shuffled(using: &inputs).prefix(counts.count))
      let outputs = try model.run(sequences, .random(counts, seed: seed), slots: slots)
      #expect(firstDifference(outputs, expected) == nil, "mixture \(seed)")
    }
  }

  @Test("after any rollback, as if the rows rolled back had never been", arguments: Case.all)
  func rollback(example: Case) throws {
    let sequences = try example.sequences
    let model = try example.model(slotCount: 3)
    let first = sequences[0]
    let other = RandomModels.tokens([first.count], of: model.configuration, seed: 11)[0]
    for position in [0, 1, 15, 16, 17, 47, 63, 64, 65, first.count - 1] {
      let branch = Array(first[..<position] + other[position...].prefix(9))
      let expected = try model.run(branch, slot: 2)
      let before = try model.run(first, slot: 0)
      #expect(BitDifference(Array(before.hidden.suffix(21)), Array(expected.hidden.suffix(21))) != nil)
      #expect(model.cachedLength(slot: 0) == first.count)
      let counts = [branch.count - position]
      for schedule in [Schedule.together(counts), .random(counts, seed: position)] {
        let found = try model.run([branch], schedule, slots: [0], done: [position])
        let tail = SequenceOutput(
          hidden: Array(expected.hidden[(position * model.configuration.width)...]),
          logits: Array(expected.logits[(position * model.configuration.vocabularySize)...]))
        #expect(firstDifference(found, [tail]) == nil, "rolled back to \(position)")
      }
    }
  }

  @Test("for some rows' logits as for all", arguments: Case.all)
  func someLogits(example: Case) throws {
    let (sequences, expected) = (try example.sequences, try example.expected)
    let model = try example.model(slotCount: 1)
    let (count, vocabulary) = (sequences[0].count, model.configuration.vocabularySize)
    let hidden = try Activations(width: model.configuration.width)
    let logits = try Activations(width: vocabulary)
    try model.forward(sequences[0], MicroBatch([Segment(slot: 0, start: 0, count: count)]), into: hidden)
    for rows in [count - 1..<count, 0..<1, 5..<5, 3..<20, 0..<count] {
      try model.logits(of: hidden, rows: rows, into: logits)
      #expect(logits.rowCount == rows.count)
      let found = (0..<rows.count).flatMap { Array(logits[$0]) }
      let part = Array(expected[0].logits[rows.lowerBound * vocabulary..<rows.upperBound * vocabulary])
      #expect(BitDifference(found, part) == nil, "\(rows)")
    }
  }
}
