internal import FoundationEssentials

/// Who may use the server: whoever names one of these keys.
public struct APIKeys: Sendable {
  private let keys: [[UInt8]]

  private static let limit = 1024

  /// Reads a file with one key a line; empty lines and those that begin with # mean nothing.
  ///
  /// - Throws: ``ServerError/keys(path:reason:)``.
  public init(file path: String) throws(ServerError) {
    let text: String
    do {
      text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
    } catch {
      throw .keys(path: path, reason: "it is not there, cannot be read, or is not UTF-8 text")
    }
    let lines = text.split(whereSeparator: \.isNewline).map(Self.trimmed)
    let keys = lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }
    guard !keys.isEmpty else { throw .keys(path: path, reason: "it has no key; give one a line") }
    guard keys.count <= Self.limit else {
      throw .keys(path: path, reason: "it has \(keys.count) keys; at most \(Self.limit) are taken")
    }
    if let short = keys.firstIndex(where: { $0.utf8.count < 16 }) {
      throw .keys(path: path, reason: "key \(short + 1) has fewer than 16 characters and could be guessed")
    }
    self.keys = keys.map { Array($0.utf8) }
  }

  /// The line without white space around it.
  private static func trimmed(_ line: Substring) -> Substring {
    let rest = line.drop(while: \.isWhitespace)
    return rest.lastIndex { !$0.isWhitespace }.map { rest[...$0] } ?? ""
  }

  /// Which key it is; nil for none of them.
  ///
  /// Takes as long for every key of a length, whatever of it is right.
  func index(of key: some Sequence<UInt8>) -> Int? {
    let given = Array(key)
    var found: Int?
    for (index, known) in keys.enumerated() {
      var difference = UInt8(known.count == given.count ? 0 : 1)
      for (place, byte) in known.enumerated() {
        difference |= byte ^ (given.isEmpty ? 0 : given[place % given.count])
      }
      if difference == 0 { found = index }
    }
    return found
  }
}
