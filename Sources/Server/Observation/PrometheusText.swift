/// Metrics in Prometheus's text exposition format, version 0.0.4.
struct PrometheusText {
  private(set) var text = ""

  enum Kind: String { case counter, gauge, histogram }

  /// Names and label values of one series.
  typealias Labels = KeyValuePairs<String, String>

  mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  mutating func add(_ name: String, _ labels: Labels, _ value: Double) {
    text += name + Self.braces(labels) + " " + Self.number(value) + "\n"
  }

  /// A metric with one series.
  mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
    begin(name, kind, help)
    add(name, [:], value)
  }

  mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
    begin(name, .histogram, help)
    var total = 0
    for (index, count) in histogram.counts.enumerated() {
      total += count
      let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
      add(name + "_bucket", ["le": bound], Double(total))
    }
    add(name + "_sum", [:], histogram.sum)
    add(name + "_count", [:], Double(total))
  }

  private static func number(_ value: Double) -> String {
    if let whole = Int(exactly: value) { String(whole) } else { String(value) }
  }

  private static func braces(_ labels: Labels) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.key)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
  }

  private static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
