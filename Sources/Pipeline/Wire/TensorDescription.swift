/// A tensor as it is stored in the coordinator's checkpoint.
public struct TensorDescription: Hashable, Sendable {
  /// Without `transformer.`.
  public var name: String
  /// `F32`, `F16`, `BF16` or `F64`.
  public var elementType: String
  public var shape: [Int]
  /// 32 bytes; empty when ``Assignment/sharesFiles``.
  public var fingerprint: [UInt8]

  public init(name: String, elementType: String, shape: [Int], fingerprint: [UInt8]) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.fingerprint = fingerprint
  }
}

extension TensorDescription {
  static let elementTypes = ["F32", "F16", "BF16", "F64"]

  /// Least bytes of one on the wire.
  static func byteCount(hasFingerprint: Bool) -> Int { 11 + (hasFingerprint ? WireLimits.fingerprint : 0) }

  init(_ reader: inout WireReader, hasFingerprint: Bool) throws(WireError) {
    name = try reader.text("tensor.name", in: WireLimits.name)
    elementType = Self.elementTypes[try reader.byte("tensor.elementType", in: 0...(Self.elementTypes.count - 1))]
    let rank = try reader.byte("tensor.rank", in: WireLimits.tensorRank)
    shape = []
    for _ in 0..<rank { shape.append(try reader.word("tensor.shape", in: WireLimits.tensorExtent)) }
    fingerprint = hasFingerprint ? try reader.bytes(WireLimits.fingerprint) : []
    guard hasBoundedSize else {
      throw reader.error("tensor.shape", found: "\(shape)", expected: "at most \(WireLimits.tensorElements) values")
    }
  }

  func write(to writer: inout WireWriter, hasFingerprint: Bool) {
    writer.name(name, in: WireLimits.name)
    guard let type = Self.elementTypes.firstIndex(of: elementType) else {
      preconditionFailure("\(elementType) is not for the wire")
    }
    writer.byte(type, in: 0...(Self.elementTypes.count - 1))
    writer.byte(shape.count, in: WireLimits.tensorRank)
    for extent in shape { writer.word(extent, in: WireLimits.tensorExtent) }
    writer.bytes(fingerprint, exactly: hasFingerprint ? WireLimits.fingerprint : 0)
    precondition(hasBoundedSize, "a tensor of shape \(shape)")
  }

  private var hasBoundedSize: Bool {
    var count = 1
    for extent in shape {
      count *= extent
      if count > WireLimits.tensorElements { return false }
    }
    return true
  }
}
