import MicroBatching
import Platform
import TestSupport

@testable import GPT2

/// How the rows of several sequences are cut into micro-batches.
struct Schedule {
  /// The next `count` rows of a sequence.
  struct Piece {
    var sequence: Int
    var count: Int
  }

  /// The pieces of each micro-batch, in order.
  var microBatches: [[Piece]]

  /// All sequences in one micro-batch.
  static func together(_ counts: [Int]) -> Schedule {
    Schedule(microBatches: [counts.enumerated().map { Piece(sequence: $0, count: $1) }])
  }

  /// One sequence behind the other, each in chunks of `length`.
  static func chunks(of length: Int, _ counts: [Int]) -> Schedule {
    Schedule(
      microBatches: counts.enumerated().flatMap { sequence, count in
        stride(from: 0, to: count, by: length).map { [Piece(sequence: sequence, count: min(length, count - $0))] }
      })
  }

  /// Each micro-batch a random choice of sequences in random order, with single tokens and chunks side by side.
  static func random(_ counts: [Int], seed: Int) -> Schedule {
    var inputs = SeededNumbers(seed)
    var (left, schedule) = (counts, Schedule(microBatches: []))
    while let longest = left.max(), longest > 0 {
      let chosen = left.indices.filter { left[$0] > 0 && inputs.number(0...2) > 0 }.shuffled(using: &inputs)
      guard !chosen.isEmpty else { continue }
      schedule.microBatches.append(
        chosen.map { sequence in
          let count = inputs.number(0...1) == 0 ? 1 : inputs.number(1...min(60, left[sequence]))
          left[sequence] -= count
          return Piece(sequence: sequence, count: count)
        })
    }
    return schedule
  }
}

/// What a model computes for the rows of one sequence, in order of position.
struct SequenceOutput {
  /// `[T, C]` after ln_f.
  var hidden: [Float] = []
  /// `[T, V]`
  var logits: [Float] = []
}

extension Model {
  convenience init(_ checkpoint: Checkpoint, slotCount: Int = 1, threads: Int = 1, _ kernels: Kernels) throws {
    try self.init(checkpoint, slotCount: slotCount, kernels: kernels, pool: ThreadPool(threadCount: threads))
  }

  /// Runs sequences by a schedule.
  ///
  /// - Parameters:
  ///   - slots: for each sequence; in order unless given.
  ///   - done: how many positions of each sequence are cached already.
  func run(_ sequences: [[Int]], _ schedule: Schedule, slots: [Int]? = nil, done: [Int]? = nil) throws
    -> [SequenceOutput]
  {
    let slots = slots ?? Array(sequences.indices)
    var done = done ?? Array(repeating: 0, count: sequences.count)
    var outputs = Array(repeating: SequenceOutput(), count: sequences.count)
    let hidden = try Activations(width: configuration.width)
    let logits = try Activations(width: configuration.vocabularySize)
    for pieces in schedule.microBatches {
      var (microBatch, tokens) = (MicroBatch(), [Int]())
      for piece in pieces {
        let start = done[piece.sequence]
        microBatch.append(Segment(slot: slots[piece.sequence], start: start, count: piece.count))
        tokens += sequences[piece.sequence][start..<start + piece.count]
        done[piece.sequence] += piece.count
      }
      try forward(tokens, microBatch, into: hidden)
      precondition(hidden.rowCount == tokens.count && hidden.width == configuration.width)
      try self.logits(of: hidden, rows: 0..<hidden.rowCount, into: logits)
      precondition(logits.rowCount == tokens.count && logits.width == configuration.vocabularySize)
      var row = 0
      for piece in pieces {
        for _ in 0..<piece.count {
          outputs[piece.sequence].hidden += hidden[row]
          outputs[piece.sequence].logits += logits[row]
          row += 1
        }
      }
    }
    return outputs
  }

  /// One sequence in one piece from position 0 of `slot`.
  func run(_ tokens: [Int], slot: Int = 0) throws -> SequenceOutput {
    try run([tokens], .together([tokens.count]), slots: [slot])[0]
  }
}

/// The first difference between two runs, or nil.
func firstDifference(_ found: [SequenceOutput], _ expected: [SequenceOutput]) -> String? {
  guard found.count == expected.count else { return "\(found.count) sequences, expected \(expected.count)" }
  for (sequence, (found, expected)) in zip(found, expected).enumerated() {
    if let difference = BitDifference(found.hidden, expected.hidden) {
      return "sequence \(sequence), hidden: \(difference)"
    }
    if let difference = BitDifference(found.logits, expected.logits) {
      return "sequence \(sequence), logits: \(difference)"
    }
  }
  return nil
}
