internal import CZMQ

/// One half of a CURVE key pair: 32 bytes, written as 40 characters of Z85.
public struct CurveKey: Hashable, Sendable {
  public static let byteCount = 32
  static let characterCount = 40

  public let bytes: [UInt8]

  /// Reads 40 characters of Z85.
  ///
  /// - Throws: ``CurveKeyProblem/length(_:)`` or ``CurveKeyProblem/encoding``.
  public init(z85 text: String) throws(CurveKeyProblem) {
    guard text.utf8.count == Self.characterCount else { throw .length(text.utf8.count) }
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    guard !text.utf8.contains(0), zmq_z85_decode(&bytes, text) != nil else { throw .encoding }
    self.bytes = bytes
  }

  /// Takes 32 bytes; nil for another number of them.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Whether it is the key of zeros, which protects nothing.
  var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

  public var z85: String {
    var text = [CChar](repeating: 0, count: Self.characterCount + 1)
    zmq_z85_encode(&text, bytes, bytes.count)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
