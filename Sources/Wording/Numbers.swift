/// `1 worker`, `3 workers`.
package func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
  number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
}

/// `16 kB`, `2.4 MB`, `1.48 GB`.
package func bytes(_ number: Int) -> String {
  if number < 999_500 { return "\((number + 500) / 1000) kB" }
  if number < 999_950_000 { return "\(Double((number + 50_000) / 100_000) / 10) MB" }
  return "\((Double(number) / 1e7).rounded() / 100) GB"
}

/// `7 %`.
package func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
