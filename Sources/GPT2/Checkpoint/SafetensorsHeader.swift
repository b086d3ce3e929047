internal import JSON

/// The table of tensors at the beginning of a safetensors file, checked against the whole file.
///
/// The file is an unsigned 64-bit little-endian length, that many bytes of JSON, and the tensors' bytes, one behind
/// the other without gaps to the end of the file; see the safetensors library's README, "Format".
struct SafetensorsHeader {
  struct Entry {
    /// As it stands in the file.
    let name: String
    let type: SafetensorsType
    let shape: [Int]
    /// Where the elements are, counted from the beginning of the file.
    let bytes: Range<Int>
  }

  /// The longest header that is read, in bytes; the safetensors library's own limit.
  static let lengthLimit = 100_000_000
  /// A tensor takes about ten values, and the largest GPT-2 has some 600 tensors.
  private static let jsonLimits = JSONLimits(depth: 8, valueCount: 1_000_000)

  /// The tensors in the order of their bytes.
  let entries: [Entry]

  /// Reads and checks the header of `source`; of the tensors themselves nothing is read.
  init(_ source: ByteSource) throws(CheckpointError) {
    let file = source.name
    let start = try Self.dataStart(source)
    let text = try source.read(8..<start)
    let json: JSONValue
    do {
      json = try JSONValue(parsing: text, limits: Self.jsonLimits)
    } catch {
      throw .json(file: file, JSONError(error.problem, offset: error.offset + 8))
    }
    guard case .object(let object) = json else { preconditionFailure("it began with a brace") }
    var entries: [Entry] = []
    for (name, value) in object.members {
      if ExactString(name) == ExactString("__metadata__") {
        try Self.checkMetadata(value, file: file)
      } else {
        entries.append(try Entry(name, value, dataStart: start, file: file))
      }
    }
    entries.sort { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
    try Self.checkContiguity(entries, dataStart: start, source)
    self.entries = entries
  }

  /// Where the header ends and the tensors begin.
  private static func dataStart(_ source: ByteSource) throws(CheckpointError) -> Int {
    let file = source.name
    guard source.byteCount > 0 else { throw .file(file, .empty) }
    let beginning = try source.read(0..<min(source.byteCount, 9))
    if String(decoding: beginning, as: UTF8.self).hasPrefix("version ") { throw .header(file: file, .gitLFSPointer) }
    guard beginning.count >= 8 else { throw .header(file: file, .noLength(byteCount: source.byteCount)) }
    let length = (0..<8).reduce(0 as UInt64) { $0 | UInt64(beginning[$1]) << UInt64(8 * $1) }
    guard length <= UInt64(lengthLimit) else { throw .header(file: file, .tooLong(length: length, limit: lengthLimit)) }
    guard length >= 2 else { throw .header(file: file, .tooShort(length: Int(length))) }
    let start = 8 + Int(length)
    guard start <= source.byteCount else {
      throw .header(file: file, .pastEnd(length: Int(length), byteCount: source.byteCount))
    }
    // The format asks for this first byte, though JSON would allow white space before it.
    guard beginning[8] == UInt8(ascii: "{") else { throw .header(file: file, .notAnObject(firstByte: beginning[8])) }
    return start
  }

  private static func checkMetadata(_ value: JSONValue, file: String) throws(CheckpointError) {
    guard case .object(let metadata) = value else {
      throw .header(file: file, .metadataNotAnObject(found: value.kind))
    }
    for (key, value) in metadata.members {
      guard case .string = value else {
        throw .header(file: file, .metadataNotAString(key: key, found: value.kind))
      }
    }
  }

  /// Throws unless `entries`, which are sorted, follow each other from `dataStart` to the end of the file.
  private static func checkContiguity(
    _ entries: [Entry], dataStart: Int, _ source: ByteSource
  ) throws(CheckpointError) {
    var end = dataStart
    var previous = ""
    for entry in entries {
      let begin = entry.bytes.lowerBound
      // In messages, offsets are those of the header, which count from its end.
      if begin < end {
        throw .entry(
          entry.name, file: source.name,
          .overlap(other: previous, begin: begin - dataStart, expected: end - dataStart))
      }
      if begin > end {
        throw .entry(entry.name, file: source.name, .hole(begin: begin - dataStart, expected: end - dataStart))
      }
      end = entry.bytes.upperBound
      previous = entry.name
    }
    if end > source.byteCount {
      throw .header(file: source.name, .truncated(needed: end, byteCount: source.byteCount))
    }
    if end < source.byteCount {
      throw .header(file: source.name, .trailingBytes(needed: end, byteCount: source.byteCount))
    }
  }
}
