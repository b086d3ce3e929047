internal import CZMQ
internal import LibC

/// What failed in sending and receiving; the description is one line that says what to do.
public enum ZeroMQError: Error, Hashable, Sendable {
  /// The context was shut down, before the call or while it waited.
  case terminated
  /// The text of an address is not one, or not one for this use.
  case address(String, AddressProblem)
  /// The system's resolver does not know the host; `code` is one of getaddrinfo's.
  case unknownHost(String, code: Int32)
  /// Nothing is free on the host for an address with port 0.
  case noFreePort(host: String)
  /// libzmq's or the system's refusal, `code`, of what was tried: `call` completes "cannot …".
  case system(call: String, code: Int32)
  /// Authentication did not do its work when it was tried.
  case unprotected(Lapse)

  /// What ``Authenticator/selfTest()`` found.
  public enum Lapse: Hashable, Sendable {
    /// A connection came about with a key that nobody accepted.
    case strangerLetIn
    /// A connection came about without any key.
    case plainLetIn
    /// The key that is accepted was turned away.
    case memberTurnedAway
    /// A connection came about where nobody says which keys are let in.
    case unattended
    /// A connection neither came about nor failed in two seconds.
    case noOutcome
  }

  /// The error that libzmq left for this thread.
  init(call: String) {
    self.init(call: call, code: zmq_errno())
  }

  init(call: String, code: Int32) {
    self = code == ETERM ? .terminated : .system(call: call, code: code)
  }
}

extension ZeroMQError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .terminated: "the connection's context was shut down; the program is ending"
    case .address(let text, let problem): "\(text.debugDescription): \(problem)"
    case .unknownHost(let host, let code):
      "\(host): unknown host: \(String(cString: gai_strerror(code))); check the name, or give the numeric address"
    case .noFreePort(let host): "no free port to listen on at \(host); give one that is free instead of 0"
    case .system(let call, let code): "cannot \(call): \(String(cString: zmq_strerror(code)))\(Self.advice(code))"
    case .unprotected(let lapse):
      "authentication failed its test: \(lapse); try again, and if it stays so use another build of libzmq"
    }
  }

  private static func advice(_ code: Int32) -> String {
    switch code {
    case EADDRINUSE: "; another program listens there: choose another port, or 0 for any that is free"
    case EADDRNOTAVAIL, ENODEV: "; this machine has no such address: give one of its own, or * for all"
    case EMFILE, ENFILE: "; raise the limit (ulimit -n)"
    case EACCES, EPERM: "; ports below 1024 are not for every user: choose a higher one"
    case ENOTSUP: "; libzmq was built without CURVE: install one that has it"
    default: ""
    }
  }
}

extension ZeroMQError.Lapse: CustomStringConvertible {
  public var description: String {
    switch self {
    case .strangerLetIn: "a key that is not accepted was let in"
    case .plainLetIn: "a connection without any key was let in"
    case .memberTurnedAway: "the accepted key was turned away"
    case .unattended: "a connection was let in where nobody answers for keys"
    case .noOutcome: "a connection to this machine itself neither came about nor failed"
    }
  }
}
