public import ZeroMQ

/// How a process proves who it is to the other members of its cluster, and whom it believes to be the coordinator.
public struct Credentials: Hashable, Sendable {
  /// The process's own pair.
  public var own: CurveKeyPair
  /// The coordinator's public key; that of the own pair where all members share one.
  public var coordinator: CurveKey

  /// - Parameter coordinator: nil where all members share one pair.
  public init(_ own: CurveKeyPair, coordinator: CurveKey? = nil) {
    self.own = own
    self.coordinator = coordinator ?? own.publicKey
  }

  /// Whether this member has a pair of its own, which no other has.
  public var isOwn: Bool { coordinator != own.publicKey }
}

extension Credentials? {
  /// Of a socket that listens at `address`.
  public func listening(at address: String) -> Security {
    guard let self, !address.hasPrefix("inproc:") else { return .none }
    return .server(self.own)
  }

  /// Of a socket that dials the coordinator at `address`.
  public func dialingCoordinator(at address: String) -> Security {
    guard let self, !address.hasPrefix("inproc:") else { return .none }
    return .client(self.own, serverKey: self.coordinator)
  }

  /// Of a socket that dials the member with the public key `key`, 32 bytes.
  ///
  /// Nil when this process encrypts and no key is given: to such a member nothing is sent.
  public func dialing(_ address: String, key: [UInt8]) -> Security? {
    guard let self, !address.hasPrefix("inproc:") else { return Security.none }
    return CurveKey(key).map { .client(self.own, serverKey: $0) }
  }
}
