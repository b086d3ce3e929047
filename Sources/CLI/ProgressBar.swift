import Platform
import Wording

/// A bar with rate and time left, drawn at most ten times a second.
struct ProgressBar {
  private let unit: String
  private let total: Int
  private let start = Instant.now
  private var drawn: Instant?

  init(_ total: Int, unit: String) {
    (self.total, self.unit) = (total, unit)
  }

  mutating func show(_ done: Int) {
    let now = Instant.now
    guard Terminal.showsProgress, done > 0, drawn.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
    drawn = now
    Terminal.progress(Self.line(done, of: total, unit: unit, elapsed: now - start, width: Terminal.width))
  }

  /// The line, with fewer parts where the screen is narrow.
  static func line(_ done: Int, of total: Int, unit: String, elapsed: Duration, width: Int) -> String {
    let rate = Double(done) / max(elapsed.seconds, 1e-9)
    let left = Duration.seconds(Double(max(0, total - done)) / max(rate, 1e-9))
    let count = "\(done)/\(total) \(unit)"
    let filled = 24 * min(done, total) / max(total, 1)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
    let lines = [
      "\(bar) \(count)  \(Int(rate)) \(unit)/s  \(left.short) left", "\(bar) \(count)  \(left.short) left",
      "\(count)  \(left.short) left", "\(100 * min(done, total) / max(total, 1)) %",
    ]
    // A line as wide as the screen would be wrapped by some.
    return lines.first { $0.count < width } ?? ""
  }
}
