import CKernels
import TestSupport

@testable import GPT2

/// Causal attention of one head written for reading: keys and values of a whole sequence, queries of its last rows.
struct NaiveAttention {
  let headWidth: Int
  let start: Int
  let rows: Int
  let scale: Float
  /// `[rows, headWidth]`
  let queries: [Float]
  /// `[start + rows, headWidth]`, as are the values.
  let keys: [Float]
  let values: [Float]

  init(headWidth: Int, start: Int, rows: Int, scale: Float, seed: Int) {
    (self.headWidth, self.start, self.rows, self.scale) = (headWidth, start, rows, scale)
    var inputs = SeededNumbers(seed)
    queries = inputs.floats(rows * headWidth, scale: 2)
    keys = inputs.floats((start + rows) * headWidth, scale: 2)
    values = inputs.floats((start + rows) * headWidth, scale: 3)
  }

  /// `[rows, headWidth]` by the very operations the kernels promise: scores are chains over the head's width, terms are
  /// added in sixteen lanes and then pairwise, and a weighted sum is a chain over the keys from position 0.
  ///
  /// Only the exponential is taken from a kernel; it has tests of its own.
  func chains(exponential: Kernels) -> [Float] {
    (0..<rows).flatMap { row -> [Float] in
      let count = start + row + 1
      let scores = (0..<count).map { key in
        (0..<headWidth).reduce(into: Float(0)) { score, d in
          score.addProduct(queries[row * headWidth + d], keys[key * headWidth + d])
        }
      }
      var terms = scores
      let top = scores.max()!
      exponential.table.pointee.exp_terms(scores.map { ($0 - top) * scale }, count, 1, 0, &terms)
      var lanes = [Float](repeating: 0, count: 16)
      for (key, term) in terms.enumerated() { lanes[key % 16] += term }
      for width in [8, 4, 2, 1] {
        for lane in 0..<width { lanes[lane] += lanes[lane + width] }
      }
      let factor = 1 / lanes[0]
      return (0..<headWidth).map { d in
        (0..<count).reduce(into: Float(0)) { sum, key in sum.addProduct(terms[key], values[key * headWidth + d]) }
          * factor
      }
    }
  }

  /// `[rows, headWidth]` in double precision by the definition, softmax(scale · q·k)·v.
  func exact(exp: (Double) -> Double) -> [Double] {
    (0..<rows).flatMap { row -> [Double] in
      let scores = (0...start + row).map { key in
        Double(scale)
          * (0..<headWidth).reduce(0) {
            $0 + Double(queries[row * headWidth + $1]) * Double(keys[key * headWidth + $1])
          }
      }
      let top = scores.max()!
      let terms = scores.map { exp($0 - top) }
      let sum = terms.reduce(0, +)
      return (0..<headWidth).map { d in
        terms.indices.reduce(0) { $0 + terms[$1] * Double(values[$1 * headWidth + d]) } / sum
      }
    }
  }
}

/// A head's cache and queries as a kernel takes them; whatever the cache does not hold is NaN.
final class KernelAttention {
  let out: PaddedRows
  private let naive: NaiveAttention
  private let kernels: Kernels
  private let queries: PaddedRows
  private let chunks: PaddedRows
  private var cache: gpt2_head_cache
  private let scratch: PaddedRows

  /// - Parameter positions: how many the cache has room for.
  init(_ naive: NaiveAttention, positions: Int, kernels: Kernels) {
    (self.naive, self.kernels) = (naive, kernels)
    let (headWidth, panel) = (naive.headWidth, kernels.panelWidth)
    queries = PaddedRows(naive.queries, rowCount: naive.rows, width: headWidth, padding: 7)
    // Chunks a little farther apart than they are long.
    cache = gpt2_head_cache(headWidth: headWidth, panelWidth: panel, gap: 48)
    let chunkCount = (positions + Int(GPT2_CACHE_CHUNK) - 1) / Int(GPT2_CACHE_CHUNK)
    chunks = PaddedRows(Array(repeating: .nan, count: chunkCount * cache.chunk_pitch))
    cache.chunks = chunks.base
    gpt2_cache_rows(naive.keys, naive.values, headWidth, naive.start + naive.rows, 0, &cache)
    out = PaddedRows(rowCount: naive.rows, width: headWidth, padding: 11)
    scratch = PaddedRows(Array(repeating: .nan, count: gpt2_attention_scratch(naive.start + naive.rows)))
  }

  func run(rows: Range<Int>) {
    var attention = gpt2_attention(
      queries: queries.base + rows.lowerBound * queries.pitch, query_pitch: queries.pitch, cache: cache,
      start: naive.start + rows.lowerBound, rows: rows.count, scale: naive.scale,
      out: out.base + rows.lowerBound * out.pitch, out_pitch: out.pitch, scratch: scratch.base)
    kernels.table.pointee.attend(&attention)
  }

  /// Whether nothing was written outside of output and scratch.
  var isIntact: Bool {
    out.isIntact && scratch.isIntact && chunks.isIntact && queries.values.elementsEqual(naive.queries)
  }
}

extension gpt2_head_cache {
  /// Chunks with a gap between them, which nobody is to touch; at an address that is none until one is given.
  init(headWidth: Int, panelWidth: Int, gap: Int) {
    let valuePitch = (headWidth + panelWidth - 1) / panelWidth * panelWidth
    self.init(
      chunks: UnsafeMutablePointer(bitPattern: 64)!,
      chunk_pitch: Int(GPT2_CACHE_CHUNK) * (headWidth + valuePitch) + gap, head_width: headWidth,
      panel_width: panelWidth, value_pitch: valuePitch)
  }
}
