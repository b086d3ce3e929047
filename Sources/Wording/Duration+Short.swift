internal import Platform

extension Duration {
  /// `4.2 ms`, `310 ms`, `1.5 s`, `12 s`, `3 min 20 s`.
  package var short: String {
    let seconds = seconds
    if seconds < 0.00005 { return "0 ms" }
    if seconds < 0.00995 { return "\((seconds * 1e4).rounded() / 10) ms" }
    if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
    if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
    if seconds < 120 { return "\(Int(seconds.rounded())) s" }
    return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
  }
}
