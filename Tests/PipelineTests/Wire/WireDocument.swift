import FoundationEssentials
import Testing

@testable import Pipeline

/// What docs/WIRE.md says: the golden bytes of one example of each message, and the bounds of the fields.
struct WireDocument {
  /// Consecutive bytes of an example that are one field.
  struct Field {
    /// As the tables have it.
    let name: String
    /// As errors have it: the length or the count of a longer field has a name of its own.
    let errorName: String
    let bytes: Range<Int>
  }

  struct Example {
    var bytes: [UInt8] = []
    var fields: [Field] = []
  }

  /// By the message's name.
  private(set) var examples: [String: Example] = [:]
  /// By the message's name, then the field's.
  private(set) var bounds: [String: [String: ClosedRange<Int>]] = [:]

  init() throws {
    let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let text = String(decoding: try Data(contentsOf: root.appending(path: "docs/WIRE.md")), as: UTF8.self)
    var section = ""
    var isExample = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("### ") {
        section = String(line.dropFirst(4))
      } else if line.hasPrefix("```") {
        isExample = line == "```hex \(section)"
      } else if isExample {
        read(example: line, of: section)
      } else if line.hasPrefix("| ") {
        read(row: line, of: section)
      }
    }
  }

  func example(_ kind: Message.Kind) throws -> Example { try #require(examples["\(kind)"]) }

  /// Sixteen bytes at most, then the name of the field that begins with them and its value.
  private mutating func read(example line: Substring, of section: String) {
    let bytes = line.prefix(47).split(separator: " ").map { UInt8($0, radix: 16)! }
    var example = examples[section, default: Example()]
    let range = example.bytes.count..<(example.bytes.count + bytes.count)
    let words = line.dropFirst(49).split(separator: " ")
    if let word = words.first {
      let name = String(word.prefix { $0 != "'" })
      let errorName = name == word ? name : "\(name)'s \(words[1])"
      example.fields.append(Field(name: name, errorName: errorName, bytes: range))
    }
    example.bytes += bytes
    examples[section] = example
  }

  private mutating func read(row line: Substring, of section: String) {
    let cells = line.split(separator: "|").map { $0.split(separator: " ") }
    guard cells.count == 3, cells[2].count >= 3, cells[2][1] == "to" else { return }
    func number(_ word: Substring) -> Int? {
      Int(String(word.map { $0 == "−" ? "-" : $0 }.filter { $0 != "," }))
    }
    guard let lower = number(cells[2][0]), let upper = number(cells[2][2]) else { return }
    bounds[section, default: [:]][String(cells[1][0])] = lower...upper
  }
}
