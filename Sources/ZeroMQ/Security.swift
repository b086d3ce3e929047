/// Whether a socket encrypts, and whom it talks to.
public enum Security: Hashable, Sendable {
  /// In the clear, with anybody.
  case none
  /// Listens with CURVE, and lets in whom the context's ``Authenticator`` accepts; without one, nobody.
  case server(CurveKeyPair)
  /// Dials with CURVE, and talks only to a server that has the secret to `serverKey`.
  case client(CurveKeyPair, serverKey: CurveKey)
}
