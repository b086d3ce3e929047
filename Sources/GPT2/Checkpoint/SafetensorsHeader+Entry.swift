internal import JSON

extension SafetensorsHeader.Entry {
  private static let fields = ["dtype", "shape", "data_offsets"].map(ExactString.init)

  /// Reads one member of the header: its type, shape and place, which have to agree.
  init(_ name: String, _ value: JSONValue, dataStart: Int, file: String) throws(CheckpointError) {
    do throws(CheckpointError.EntryProblem) {
      guard case .object(let object) = value else { throw .notAnObject(found: value.kind) }
      for (field, _) in object.members where !Self.fields.contains(ExactString(field)) { throw .unknownField(field) }
      let type = try Self.type(object)
      let shape = try Self.shape(object)
      let offsets = try Self.offsets(object, limit: Int.max - dataStart)
      let byteCount = try Self.byteCount(type, shape)
      guard offsets.count == byteCount else { throw .wrongSize(found: offsets.count, expected: byteCount) }
      self.init(
        name: name, type: type, shape: shape,
        bytes: (dataStart + offsets.lowerBound)..<(dataStart + offsets.upperBound))
    } catch {
      throw .entry(name, file: file, error)
    }
  }

  private static func field(
    _ name: String, _ object: JSONObject
  ) throws(CheckpointError.EntryProblem) -> JSONValue {
    guard let value = object[name] else { throw .missingField(name) }
    return value
  }

  private static func type(_ object: JSONObject) throws(CheckpointError.EntryProblem) -> SafetensorsType {
    let value = try field("dtype", object)
    guard let name = value.string else {
      throw .invalidField("dtype", found: value.kind, expected: "the name of an element type")
    }
    guard let type = SafetensorsType(rawValue: name) else { throw .unknownType(name) }
    return type
  }

  private static func shape(_ object: JSONObject) throws(CheckpointError.EntryProblem) -> [Int] {
    let expected = "an array of integers from 0 on"
    let value = try field("shape", object)
    guard let sizes = value.array else { throw .invalidField("shape", found: value.kind, expected: expected) }
    var shape: [Int] = []
    for size in sizes {
      guard let integer = size.integer, integer >= 0 else {
        throw .invalidField("shape", found: "an array with \(size.kind)", expected: expected)
      }
      shape.append(integer)
    }
    return shape
  }

  /// The offsets, none of them over `limit`.
  private static func offsets(
    _ object: JSONObject, limit: Int
  ) throws(CheckpointError.EntryProblem) -> Range<Int> {
    let expected = "an array of two byte offsets"
    let value = try field("data_offsets", object)
    guard let offsets = value.array else {
      throw .invalidField("data_offsets", found: value.kind, expected: expected)
    }
    guard offsets.count == 2 else {
      throw .invalidField("data_offsets", found: "an array of \(offsets.count) values", expected: expected)
    }
    var bounds: [Int] = []
    for offset in offsets {
      guard let integer = offset.integer, (0...limit).contains(integer) else {
        throw .invalidField("data_offsets", found: "an array with \(offset.kind)", expected: expected)
      }
      bounds.append(integer)
    }
    guard bounds[0] <= bounds[1] else { throw .reversedOffsets(begin: bounds[0], end: bounds[1]) }
    return bounds[0]..<bounds[1]
  }

  private static func byteCount(
    _ type: SafetensorsType, _ shape: [Int]
  ) throws(CheckpointError.EntryProblem) -> Int {
    var bitCount = type.bitCount
    for size in shape {
      let (product, overflow) = bitCount.multipliedReportingOverflow(by: size)
      if overflow { throw .sizeOverflow(shape: shape) }
      bitCount = product
    }
    guard bitCount % 8 == 0 else { throw .partialByte(type: type.rawValue, shape: shape) }
    return bitCount / 8
  }
}
