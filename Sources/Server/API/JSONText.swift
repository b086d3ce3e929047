internal import FoundationEssentials
internal import Hummingbird

/// How answers are written.
enum JSONText {
  /// The value on one line.
  static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    guard let data = try? encoder.encode(value) else { preconditionFailure("an answer that JSON cannot hold") }
    return String(decoding: data, as: UTF8.self)
  }
}
