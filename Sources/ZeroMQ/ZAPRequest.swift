/// What libzmq asks an authenticator, as RFC 27 lays it out behind the ROUTER's routing id and an empty frame.
struct ZAPRequest {
  /// Routing id, empty, version, request id, domain, address, identity, mechanism, key.
  static let frameCount = 9

  var domain: String
  var address: String
  /// Nil for another mechanism than CURVE.
  var key: CurveKey?
  private var routingID: [UInt8]
  private var requestID: [UInt8]

  init?(_ frames: [Frame]) {
    guard frames.count >= 8, frames[2].bytes == Array("1.0".utf8) else { return nil }
    routingID = frames[0].bytes
    requestID = frames[3].bytes
    domain = String(decoding: frames[4].bytes, as: UTF8.self)
    address = String(decoding: frames[5].bytes, as: UTF8.self)
    if frames.count == Self.frameCount, frames[7].bytes == Array("CURVE".utf8) { key = CurveKey(frames[8].bytes) }
  }

  /// The answer: 200 with the key as the user's id, or 400.
  func reply(isAccepted: Bool) -> [Frame] {
    let userID = isAccepted ? key?.z85 ?? "" : ""
    let fields = [
      Array("1.0".utf8), requestID, Array((isAccepted ? "200" : "400").utf8),
      Array((isAccepted ? "OK" : "unknown key").utf8), Array(userID.utf8), [],
    ]
    return [Frame(routingID), Frame([])] + fields.map { Frame($0) }
  }
}
