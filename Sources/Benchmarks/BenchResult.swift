internal import Wording

/// What `gpt2 bench` says of one process.
package struct BenchResult: Encodable {
  package struct Limits: Encodable {
    package var fmaGflops = 0.0
    package var readGbps = 0.0
    package var threads: Int

    enum CodingKeys: String, CodingKey {
      case fmaGflops = "fma_gflops"
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
  package var limits: Limits
  package var prefill: [Prefill] = []
  package var decode: [Decode] = []

  package init(model: String, threads: Int) { (self.model, limits) = (model, Limits(threads: threads)) }

  /// - Parameter width: characters that a line of the table may have.
  package func text(width: Int) -> String {
    let rows =
      prefill.map { ("prefill, \($0.rows) tokens", $0.tokensPerSecond, $0.ofLimit) }
      + decode.map { ("decode, \(count($0.batch, "text"))", $0.tokensPerSecond, $0.ofLimit) }
    let table = TextTable(columns: [
      .init(title: "", rank: 0, cells: rows.map(\.0)),
      .init(title: "tokens/s", rank: 0, cells: rows.map { "\(Int($0.1.rounded()))" }),
      .init(title: "of the most possible", rank: 1, cells: rows.map { percent($0.2) }),
    ])
    return """
      \(model), on \(count(limits.threads, "thread"))

      \(table.text(width: width))

      The most possible is what this machine multiplies (\(Int(limits.fmaGflops.rounded())) GFLOP/s in fp32) or reads from memory
      (\((limits.readGbps * 10).rounded() / 10) GB/s), whichever allows less, measured in between.

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
