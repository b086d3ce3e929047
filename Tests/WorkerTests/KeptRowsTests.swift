import GPT2
import MicroBatching
import Testing

@testable import Worker

@Suite("Rows that a stage has handed on") struct KeptRowsTests {
  /// Rows of four values that say slot and position.
  private static func activations(_ microBatch: MicroBatch, salt: Float = 0) throws -> Activations {
    let activations = try Activations(width: 4, isDense: true)
    try activations.resize(rowCount: microBatch.rowCount)
    var row = 0
    for segment in microBatch.segments {
      for position in segment.positions {
        for column in 0..<4 {
          activations[row][column] = Float(1000 * segment.slot + position) + Float(column) / 8 + salt
        }
        row += 1
      }
    }
    return activations
  }

  private static func values(_ activations: Activations) -> [Float] {
    (0..<activations.rowCount).flatMap { Array(activations[$0]) }
  }

  @Test("come back as they were, in whatever pieces they are asked for, across chunks of memory")
  func recall() throws {
    var kept = KeptRows(slotCount: 2, width: 4)
    for start in stride(from: 0, to: 150, by: 50) {
      let pass = MicroBatch([Segment(slot: 1, start: start, count: 50), Segment(slot: 0, start: start, count: 50)])
      kept.keep(pass, try Self.activations(pass))
    }
    let asked = MicroBatch([Segment(slot: 0, start: 3, count: 140), Segment(slot: 1, start: 60, count: 8)])
    let rows = try Activations(width: 4, isDense: true)
    try rows.resize(rowCount: asked.rowCount)
    try kept.recall(asked, into: rows)
    #expect(Self.values(rows) == Self.values(try Self.activations(asked)))
  }

  @Test("are the last ones of their position, and none of a slot that was given back")
  func last() throws {
    var kept = KeptRows(slotCount: 1, width: 4)
    let pass = MicroBatch([Segment(slot: 0, start: 0, count: 5)])
    kept.keep(pass, try Self.activations(pass))
    let again = MicroBatch([Segment(slot: 0, start: 3, count: 2)])
    kept.keep(again, try Self.activations(again, salt: 0.5))
    let rows = try Activations(width: 4, isDense: true)
    try rows.resize(rowCount: 2)
    try kept.recall(again, into: rows)
    #expect(Self.values(rows) == Self.values(try Self.activations(again, salt: 0.5)))
    let empty = MicroBatch(releasing: [0])
    kept.keep(empty, try Self.activations(empty))
    #expect(throws: WorkerError.self) { try kept.recall(again, into: rows) }
  }

  @Test("are kept of so many slots, and of others nobody may ask")
  func slots() throws {
    var kept = KeptRows(slotCount: 1, width: 4)
    let pass = MicroBatch([Segment(slot: 3, start: 0, count: 2), Segment(slot: 0, start: 0, count: 1)])
    kept.keep(pass, try Self.activations(pass))
    let rows = try Activations(width: 4, isDense: true)
    try rows.resize(rowCount: 1)
    try kept.recall(MicroBatch([Segment(slot: 0, start: 0, count: 1)]), into: rows)
    #expect(Self.values(rows) == [0, 0.125, 0.25, 0.375])
    #expect(throws: WorkerError.self) {
      try kept.recall(MicroBatch([Segment(slot: 3, start: 0, count: 1)]), into: rows)
    }
  }
}
