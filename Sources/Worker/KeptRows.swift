internal import GPT2
internal import MicroBatching

/// What a stage handed on, of the first slots: rows by slot and position, so that the cache of the next stage can be filled anew.
///
/// Memory is taken in chunks of 64 positions, as the caches take it.
struct KeptRows {
  private let width: Int
  /// Chunks of each slot that is kept.
  private var slots: [[[Float]]]

  private static let chunk = 64

  /// - Parameters:
  ///   - slotCount: slots, from 0 on, that are kept.
  ///   - width: values in a row, C.
  init(slotCount: Int, width: Int) {
    self.width = width
    slots = Array(repeating: [], count: slotCount)
  }

  /// Takes in what a pass brought.
  ///
  /// - Parameter activations: `[R, C]`, dense.
  mutating func keep(_ microBatch: MicroBatch, _ activations: Activations) {
    for slot in microBatch.releasedSlots where slots.indices.contains(slot) { slots[slot] = [] }
    var row = 0
    for segment in microBatch.segments {
      defer { row += segment.count }
      guard slots.indices.contains(segment.slot) else { continue }
      for (offset, position) in segment.positions.enumerated() {
        let (chunk, place) = position.quotientAndRemainder(dividingBy: Self.chunk)
        while slots[segment.slot].count <= chunk {
          slots[segment.slot].append(Array(repeating: 0, count: Self.chunk * width))
        }
        slots[segment.slot][chunk].withUnsafeMutableBufferPointer { buffer in
          _ = UnsafeMutableBufferPointer(rebasing: buffer[(place * width)..<((place + 1) * width)])
            .update(fromContentsOf: activations[row + offset])
        }
      }
    }
  }

  /// Writes the rows of a micro-batch, as they were handed on.
  ///
  /// - Parameter activations: `[R, C]`, dense.
  /// - Throws: ``WorkerError/unfit(reason:)`` when they were not kept.
  func recall(_ microBatch: MicroBatch, into activations: Activations) throws(WorkerError) {
    var row = 0
    for segment in microBatch.segments {
      defer { row += segment.count }
      guard slots.indices.contains(segment.slot),
        segment.positions.upperBound <= slots[segment.slot].count * Self.chunk
      else { throw .unfit(reason: "rows of slot \(segment.slot) are asked for that were not kept") }
      for (offset, position) in segment.positions.enumerated() {
        let (chunk, place) = position.quotientAndRemainder(dividingBy: Self.chunk)
        slots[segment.slot][chunk].withUnsafeBufferPointer { buffer in
          _ = activations[row + offset].update(
            fromContentsOf: UnsafeBufferPointer(rebasing: buffer[(place * width)..<((place + 1) * width)]))
        }
      }
    }
  }
}
