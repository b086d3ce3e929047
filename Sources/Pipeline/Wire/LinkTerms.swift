/// What the two ends of a data link know of each other from the coordinator, and nobody else knows.
public struct LinkTerms: Hashable, Sendable {
  public static let secretByteCount = 32

  /// Of this link and epoch alone, ``secretByteCount`` random bytes: who opens the link proves by it to be the one that the plan
  /// names.
  public var secret: [UInt8]
  /// The public key of the other end, 32 bytes; empty where nothing is encrypted.
  public var peerKey: [UInt8]

  public init(secret: [UInt8], peerKey: [UInt8] = []) {
    precondition(secret.count == Self.secretByteCount, "a secret of \(secret.count) bytes")
    (self.secret, self.peerKey) = (secret, peerKey)
  }

  /// A secret of these random numbers, which nobody else may foretell.
  public static func makeSecret(using random: inout some RandomNumberGenerator) -> [UInt8] {
    (0..<secretByteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// Whether it is the secret; takes as long for every guess.
  public func accepts(_ guess: [UInt8]) -> Bool {
    guess.count == secret.count && zip(guess, secret).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension LinkTerms {
  init(_ name: String, _ reader: inout WireReader) throws(WireError) {
    secret = try reader.bytes(Self.secretByteCount)
    peerKey = try reader.flag("\(name).peerKey") ? reader.bytes(WireLimits.key) : []
  }

  func write(to writer: inout WireWriter) {
    writer.bytes(secret, exactly: Self.secretByteCount)
    writer.flag(!peerKey.isEmpty)
    if !peerKey.isEmpty { writer.bytes(peerKey, exactly: WireLimits.key) }
  }
}
