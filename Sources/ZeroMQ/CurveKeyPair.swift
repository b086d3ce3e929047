internal import CZMQ

/// A CURVE key pair: by the secret half a member of the cluster proves who it is, by the public half others know it.
///
/// Its description has the public half only, so that the secret half gets into no log by accident.
public struct CurveKeyPair: Hashable, Sendable {
  public let publicKey: CurveKey
  let secretKey: CurveKey

  /// Makes a new one from the system's random numbers.
  ///
  /// - Throws: ``ZeroMQError/system(call:code:)`` with `ENOTSUP` when libzmq was built without CURVE.
  public static func make() throws(ZeroMQError) -> CurveKeyPair {
    var publicText = [CChar](repeating: 0, count: CurveKey.characterCount + 1)
    var secretText = publicText
    guard zmq_curve_keypair(&publicText, &secretText) == 0 else { throw ZeroMQError(call: "make a key") }
    let secret = String(decoding: secretText.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let secretKey = try? CurveKey(z85: secret), let pair = try? CurveKeyPair(secretKey: secretKey) else {
      preconditionFailure("libzmq made a key that it cannot read")
    }
    return pair
  }

  /// The pair to which `secretKey` belongs.
  init(secretKey: CurveKey) throws(CurveKeyProblem) {
    var text = [CChar](repeating: 0, count: CurveKey.characterCount + 1)
    guard zmq_curve_public(&text, secretKey.z85) == 0 else { throw .unsupported }
    guard !secretKey.isZero else { throw .zero }
    self.secretKey = secretKey
    publicKey = try CurveKey(z85: String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}

extension CurveKeyPair: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "key pair \(publicKey.z85)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
