import GPT2
import MicroBatching
import TestSupport

/// A model of integers in place of floats: every value hangs on all tokens up to its position and on every block, so that a
/// wrong, missing, foreign or stale one shows.
enum ToyModel {
  static let configuration = Configuration(
    layerCount: 6, headCount: 1, width: 4, positionCount: 64, innerWidth: 8, vocabularySize: 97,
    endOfTextTokens: [13])

  static func embed(_ token: Int, at position: Int) -> UInt64 { mixed(UInt64(token) &* 131 &+ UInt64(position) &+ 1) }

  static func choose(_ value: UInt64) -> SampledToken {
    SampledToken(token: Int(value % UInt64(configuration.vocabularySize)), logProbability: -1)
  }

  /// What a generation writes when nothing is cut, batched or distributed.
  static func write(_ generation: Generation) -> [Int] {
    var generation = generation
    while generation.finishReason == nil {
      _ = generation.accept(choose(values(of: Array(generation.sequence)).last!))
    }
    return Array(generation.tokens)
  }

  /// What leaves the last block, for each token.
  static func values(of tokens: [Int]) -> [UInt64] {
    var slice = ToySlice(layers: 0..<configuration.layerCount)
    return slice.run(
      MicroBatch([Segment(slot: 0, start: 0, count: tokens.count)]),
      tokens.enumerated().map { embed($1, at: $0) })
  }
}

/// Consecutive blocks of the toy with their caches.
struct ToySlice {
  let layers: LayerRange
  /// For each block and slot: what was seen up to each position.
  private var seen: [[Int: [UInt64]]]

  init(layers: LayerRange) {
    self.layers = layers
    seen = layers.map { _ in [:] }
  }

  mutating func run(_ microBatch: MicroBatch, _ values: [UInt64]) -> [UInt64] {
    var values = values
    for slot in microBatch.releasedSlots { for block in seen.indices { seen[block][slot] = nil } }
    for (block, layer) in layers.enumerated() {
      var row = 0
      for segment in microBatch.segments {
        var cache = seen[block][segment.slot] ?? []
        // Rows beyond the start are stale.
        precondition(segment.start <= cache.count, "rows are missing in slot \(segment.slot)")
        cache.removeLast(cache.count - segment.start)
        for _ in 0..<segment.count {
          cache.append(mixed((cache.last ?? 7) &* 31 &+ values[row]))
          values[row] = mixed(values[row] ^ cache.last! ^ UInt64(layer + 1))
          row += 1
        }
        seen[block][segment.slot] = cache
      }
    }
    return values
  }
}
