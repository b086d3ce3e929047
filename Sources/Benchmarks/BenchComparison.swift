internal import Wording

/// What `gpt2 bench` says of several types of weights.
package struct BenchComparison: Encodable {
  package var types: [BenchResult]

  package init(types: [BenchResult]) { self.types = types }

  /// Tokens a second by type side by side, and as a multiple of the first.
  ///
  /// - Parameter width: characters that a line of the table may have.
  package func text(width: Int) -> String {
    guard let first = types.first else { return "" }
    let works = first.lines
    var columns = [TextTable.Column(title: "tokens/s", rank: 0, cells: works.map(\.name))]
    for (index, type) in types.enumerated() {
      columns.append(
        TextTable.Column(
          title: type.weights, rank: 0, cells: type.lines.map { "\(Int($0.tokensPerSecond.rounded()))" }))
      guard index > 0 else { continue }
      let multiples = zip(type.lines, works).map { $0.tokensPerSecond / $1.tokensPerSecond }
      columns.append(
        TextTable.Column(
          title: "× \(first.weights)", rank: 1, cells: multiples.map { fixed($0, digits: 2) }))
    }
    return "\(first.model), on \(count(first.limits.threads, "thread")), by type of weights\n\n"
      + TextTable(columns: columns).text(width: width) + "\n" + (warning.map { "\n\($0)\n" } ?? "")
  }

  /// What there is to know of the multiples; nil while the machine kept its speed from type to type.
  private var warning: String? {
    let rates = [types.map(\.limits.fmaGflops), types.map(\.limits.readGbps)]
    let change = rates.map { ($0.max() ?? 1) / max($0.min() ?? 1, 1e-9) - 1 }.max() ?? 0
    guard change > ModelBench.tolerance else { return nil }
    return
      "The machine's own speed changed by \(percent(change)) between the types, so the multiples are rough. "
      + "Run this again when it is quiet."
  }
}
