import MicroBatching
import TestSupport

/// Consecutive blocks of the toy with their caches.
struct ToySlice {
  let layers: LayerRange
  /// For each block and slot: what was seen up to each position.
  private var seen: [[[UInt64]]]

  /// A pass that no stage can compute.
  enum Misfit: Error {
    case rowsMissing(slot: Int, start: Int, cached: Int)
    case slotBeyond(Int)
  }

  init(layers: LayerRange, slotCount: Int) {
    self.layers = layers
    seen = Array(repeating: Array(repeating: [], count: slotCount), count: layers.count)
  }

  /// Positions that memory is taken for, in each block: chunk by chunk, and no more than all there is for one sequence.
  func positions(chunk: Int, budget: Int) -> Int {
    (seen.first ?? []).reduce(0) { $0 + min(budget, ($1.count + chunk - 1) / chunk * chunk) }
  }

  /// Whether nothing is cached.
  var isEmpty: Bool { seen.allSatisfy { $0.allSatisfy(\.isEmpty) } }

  mutating func run(_ microBatch: MicroBatch, _ values: [UInt64]) throws(Misfit) -> [UInt64] {
    var values = values
    for slot in microBatch.releasedSlots { for block in seen.indices { seen[block][slot] = [] } }
    for (block, layer) in layers.enumerated() {
      var row = 0
      for segment in microBatch.segments {
        guard segment.slot < seen[block].count else { throw .slotBeyond(segment.slot) }
        var cache: [UInt64] = []
        swap(&cache, &seen[block][segment.slot])
        guard segment.start <= cache.count else {
          throw .rowsMissing(slot: segment.slot, start: segment.start, cached: cache.count)
        }
        // Rows beyond the start are stale.
        cache.removeLast(cache.count - segment.start)
        for _ in 0..<segment.count {
          cache.append(mixed((cache.last ?? 7) &* 31 &+ values[row]))
          values[row] = mixed(values[row] ^ cache.last! ^ UInt64(layer + 1))
          row += 1
        }
        swap(&cache, &seen[block][segment.slot])
      }
    }
    return values
  }
}
