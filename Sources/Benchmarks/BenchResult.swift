internal import Wording

/// What `gpt2 bench` says of one process and one type of weights.
package struct BenchResult: Encodable {
  package struct Limits: Encodable {
    package var fmaGflops = 0.0
    /// Of products of 8-bit numbers; nil where the model has none.
    package var dotGops: Double?
    package var readGbps = 0.0
    package var threads: Int

    enum CodingKeys: String, CodingKey {
      case fmaGflops = "fma_gflops"
      case dotGops = "dot_gops"
      case readGbps = "read_gbps"
      case threads
    }
  }

  package struct Prefill: Encodable {
    var rows: Int
    var tokensPerSecond: Double
    var ofLimit: Double
    /// By how much the middle half of the rounds differs.
    var spread: Double

    enum CodingKeys: String, CodingKey {
      case rows, spread
      case tokensPerSecond = "tokens_per_second"
      case ofLimit = "of_limit"
    }
  }

  package struct Decode: Encodable {
    var batch: Int
    var tokensPerSecond: Double
    var ofLimit: Double
    /// By how much the middle half of the rounds differs.
    var spread: Double

    enum CodingKeys: String, CodingKey {
      case batch, spread
      case tokensPerSecond = "tokens_per_second"
      case ofLimit = "of_limit"
    }
  }

  package var model: String
  /// How its matrices are held.
  package var weights: String
  package var limits: Limits
  /// The blocks' matrix products alone.
  package var products: Prefill?
  package var prefill: [Prefill] = []
  package var decode: [Decode] = []

  package init(model: String, weights: String, threads: Int) {
    (self.model, self.weights, limits) = (model, weights, Limits(threads: threads))
  }

  /// A line of the table.
  struct Line {
    var name: String
    var tokensPerSecond: Double
    var ofLimit: Double
  }

  /// All that was measured, as prefill and decode of so many tokens and texts.
  var lines: [Line] {
    prefill.map {
      Line(name: "prefill, \($0.rows) tokens", tokensPerSecond: $0.tokensPerSecond, ofLimit: $0.ofLimit)
    }
      + (products.map {
        [
          Line(
            name: "products alone, \($0.rows) tokens", tokensPerSecond: $0.tokensPerSecond, ofLimit: $0.ofLimit)
        ]
      } ?? [])
      + decode.map {
        Line(name: "decode, \(count($0.batch, "text"))", tokensPerSecond: $0.tokensPerSecond, ofLimit: $0.ofLimit)
      }
  }

  /// - Parameter width: characters that a line of the table may have.
  package func text(width: Int) -> String {
    let table = TextTable(columns: [
      .init(title: "", rank: 0, cells: lines.map(\.name)),
      .init(title: "tokens/s", rank: 0, cells: lines.map { "\(Int($0.tokensPerSecond.rounded()))" }),
      .init(title: "of the most possible", rank: 1, cells: lines.map { percent($0.ofLimit) }),
    ])
    let fma = "\(Int(limits.fmaGflops.rounded())) GFLOP/s in fp32"
    let rate = limits.dotGops.map { "\(Int($0.rounded())) GOP/s of 8-bit products, \(fma) for attention" } ?? fma
    return """
      \(model), in \(weights), on \(count(limits.threads, "thread"))

      \(table.text(width: width))

      The most possible is what this machine multiplies (\(rate))
      or reads from memory (\((limits.readGbps * 10).rounded() / 10) GB/s), whichever allows less, measured in between.

      """ + (warning.map { $0 + "\n" } ?? "")
  }

  /// What there is to know of the figures; nil when they are steady.
  private var warning: String? {
    let spread = (prefill.map(\.spread) + decode.map(\.spread)).max() ?? 0
    guard spread > ModelBench.tolerance else { return nil }
    return
      "This machine was busy: times of the same work differed by up to \(percent(spread)), also when measured again. "
      + "Run this again when it is quiet."
  }
}
