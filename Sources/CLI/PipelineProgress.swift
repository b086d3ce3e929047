import Coordinator
import Platform
import Synchronization
import Wording

/// One line about the pipe on a person's screen: tokens a second, and how busy each stage is.
final class PipelineProgress: Sendable {
  private let engine: Engine
  private let last: Mutex<(time: Instant, statistics: PipelineStatistics)>

  init(_ engine: Engine) {
    self.engine = engine
    last = Mutex((.now, engine.statistics))
  }

  /// Draws the line, at most four times a second.
  func show() {
    guard Terminal.showsProgress else { return }
    let now = Instant.now
    let line: String? = last.withLock { last in
      let elapsed = now - last.time
      guard elapsed > .milliseconds(250) else { return nil }
      let statistics = engine.statistics
      defer { last = (now, statistics) }
      let tokens = statistics.tokensGenerated - last.statistics.tokensGenerated
      let busy = zip(statistics.stages, last.statistics.stages).map { now, before in
        "\(now.name) \(Int((min(1, (now.compute - before.compute) / elapsed) * 100).rounded())) %"
      }
      return Self.line(
        tokens: statistics.tokensGenerated, rate: Double(tokens) / elapsed.seconds, busy: busy, width: Terminal.width)
    }
    if let line { Terminal.progress(line) }
  }

  /// The line, without the stages where they do not fit.
  static func line(tokens: Int, rate: Double, busy: [String], width: Int) -> String {
    let short = "\(count(tokens, "token")), \(Int(rate)) tokens/s"
    let long = "\(short); computing: \(busy.joined(separator: ", "))"
    return long.count < width ? long : short
  }
}
