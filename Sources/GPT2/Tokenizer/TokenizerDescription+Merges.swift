internal import JSON

extension TokenizerDescription {
  /// Reads what `vocab.json` and `merges.txt` hold.
  ///
  /// `merges.txt` has a merge a line, two spellings with one space between them, after a first line `#version…` that
  /// may be missing. Lines may end in CR LF, and empty lines may follow the last merge.
  init(
    vocabulary: [UInt8], file vocabularyFile: String, merges: [UInt8], file mergesFile: String
  ) throws(TokenizerError) {
    let value = try Self.json(vocabulary, file: vocabularyFile)
    guard let object = value.object else {
      throw .vocabulary(file: vocabularyFile, .notAnObject(found: value.kind))
    }
    entries = try Self.entries(object, file: vocabularyFile)
    self.vocabularyFile = vocabularyFile
    self.mergesFile = mergesFile
    (self.merges, firstMergeLine) = try Self.merges(merges, file: mergesFile)
  }

  static func json(_ bytes: [UInt8], file: String) throws(TokenizerError) -> JSONValue {
    do throws(JSONError) {
      // Room for as many entries as are allowed, and as many merges written as arrays of two.
      return try JSONValue(
        parsing: bytes, limits: JSONLimits(valueCount: 4 * MergeTable.limit, allowsNonFinite: true))
    } catch {
      throw .json(file: file, error)
    }
  }

  /// The members of an object that maps spellings to token ids.
  static func entries(_ object: JSONObject, file: String) throws(TokenizerError) -> [(spelling: String, token: Int)] {
    var entries: [(spelling: String, token: Int)] = []
    entries.reserveCapacity(object.members.count)
    for member in object.members {
      guard let token = member.value.integer else {
        throw .vocabulary(file: file, .notANumber(entry: member.key, found: member.value.kind))
      }
      entries.append((member.key, token))
    }
    return entries
  }

  /// The merges in the lines of `text`, and the line of the first.
  private static func merges(
    _ text: [UInt8], file: String
  ) throws(TokenizerError) -> (merges: [(left: String, right: String)], firstLine: Int) {
    let version = Array("#version".utf8)
    var merges: [(left: String, right: String)] = []
    var firstLine = 1
    var emptyLine: Int?
    var number = 0
    var start = 0
    while start < text.count {
      var end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      let next = end + 1
      if end > start, text[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      let line = text[start..<end]
      start = next
      number += 1
      if number == 1, line.starts(with: version) {
        firstLine = 2
        continue
      }
      if line.isEmpty {
        emptyLine = emptyLine ?? number
        continue
      }
      // Only at the end are empty lines harmless; before it they say that something is lost.
      if let emptyLine { throw .merges(file: file, .malformed(.line(emptyLine), found: "empty")) }
      merges.append(try merge(line, file: file, place: .line(number)))
      guard merges.count < MergeTable.limit else { throw .merges(file: file, .tooMany(limit: MergeTable.limit - 1)) }
    }
    return (merges, firstLine)
  }

  /// The two halves of `line`, which has one space, neither first nor last.
  static func merge(
    _ line: some BidirectionalCollection<UInt8>, file: String, place: TokenizerError.Place
  ) throws(TokenizerError) -> (left: String, right: String) {
    let space = UInt8(ascii: " ")
    guard let middle = line.firstIndex(of: space), middle == line.lastIndex(of: space), middle != line.startIndex,
      case let right = line[line.index(after: middle)...], !right.isEmpty
    else {
      throw .merges(file: file, .malformed(place, found: String(decoding: line, as: UTF8.self).quoted))
    }
    return (String(decoding: line[..<middle], as: UTF8.self), String(decoding: right, as: UTF8.self))
  }
}
