import GPT2
import JSON

/// A file with a prompt a line: as it stands, or, where the name ends in `.jsonl`, as a JSON string, which can have line
/// breaks in it and be empty.
struct PromptFile {
  let path: String

  init(_ path: String) {
    self.path = path
  }

  /// The prompts, each with its place for messages.
  func texts() throws -> [(text: String, place: String)] {
    let input = TextInput.file(path)
    guard path.hasSuffix(".jsonl") else {
      return try InputOptions.lines(of: input).map { (text: $0.line, place: $0.place) }
    }
    var texts: [(text: String, place: String)] = []
    let lines = try input.bytes().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let place = "\(input.name): line \(index + 1)"
      if line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
      let value: JSONValue
      do throws(JSONError) { value = try JSONValue(parsing: Array(line)) } catch {
        throw InputError.notJSON(place, error.description)
      }
      guard let text = value.string else { throw InputError.notJSON(place, "no string, expected one prompt in quotes") }
      texts.append((text, place))
    }
    guard !texts.isEmpty else { throw InputError.noLines(input.name) }
    return texts
  }
}
