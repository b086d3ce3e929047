import ArgumentParser
import FoundationEssentials
import Logging

/// A log on standard error, a line an event.
struct LineLog: LogHandler {
  let format: LogFormat
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  init(format: LogFormat) { self.format = format }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    switch format {
    case .text:
      let pairs = all.map { " \($0.key)=\(Self.plain("\($0.value)"))" }.joined()
      Terminal.line("\(time) \(event.level) \(event.message)\(pairs)")
    case .json:
      var line = ["time": time, "level": "\(event.level)", "message": "\(event.message)"]
      for (key, value) in all { line[key] = "\(value)" }
      if let text = try? jsonLine(line) { Terminal.line(String(text.dropLast())) }
    }
  }

  /// In quotes where it would not be one word.
  private static func plain(_ text: String) -> String {
    text.contains { $0 == " " || $0 == "\"" || $0.isNewline || $0.unicodeScalars.contains { $0.value < 32 } }
      || text.isEmpty
      ? text.debugDescription : text
  }
}
