public import Pipeline
internal import Platform

/// Why a worker ended.
public enum WorkerError: Error, Sendable {
  /// Nobody answered in time. `handshake` says how connections failed, if they did.
  case noCoordinator(String, after: Duration, handshake: String?)
  /// The coordinator turned the worker away.
  case refused(coordinator: String, reason: String)
  /// The connection to the coordinator has ended without a word.
  case coordinatorLost(String)
  /// Nothing was heard of the coordinator for so long.
  case coordinatorSilent(String, Duration)
  /// The coordinator ended the run because of an error.
  case ended(coordinator: String, reason: String)
  /// The coordinator sent what it must not.
  case protocolBroken(coordinator: String, WireError)
  /// A message came that was not due.
  case unexpected(coordinator: String, Message.Kind)
  /// The coordinator asks for a type of weights that this program does not know, or that it did not speak of before.
  case unknownWeights(coordinator: String, String)
  /// What the coordinator asked for cannot be done with this model.
  case unfit(reason: String)
  /// A link of the stage that was open does not work any more.
  case link(LinkSide, any Error)
  /// The assignment lacks the key of the next stage.
  case withoutKey
}

extension WorkerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noCoordinator(let address, let time, nil):
      "\(address): no coordinator answered within \(time.inSeconds); start one there (gpt2 generate --listen … --workers …), or check the address and the firewall"
    case .noCoordinator(let address, let time, let handshake?):
      "\(address): something answers, but the handshake failed for \(time.inSeconds) (\(handshake)); use the coordinator's --key file here too"
    case .refused(let address, let reason): "\(address): the coordinator refused this worker: \(reason)"
    case .coordinatorLost(let address):
      "\(address): the connection to the coordinator was lost: it ended or was cut off; start it and this worker again"
    case .coordinatorSilent(let address, let time):
      "\(address): nothing heard of the coordinator for \(time.inSeconds); it is gone or cut off, start it and this worker again"
    case .ended(let address, let reason): "\(address): the coordinator ended the run: \(reason)"
    case .protocolBroken(let address, let error):
      "\(address): the coordinator sent a message that cannot be read: \(error)"
    case .unexpected(let address, let kind):
      "\(address): the coordinator sent \(kind), which was not due; run the same gpt2 on every host"
    case .unknownWeights(let address, let name):
      "\(address): the coordinator asks for weights as \(name), which this worker cannot give; run the same gpt2 on every host"
    case .unfit(let reason): reason
    case .link(.incoming, let error): "the stage before this one \(error)"
    case .link(.outgoing, let error): "the stage behind this one \(error)"
    case .withoutKey:
      "the assignment has no key of the next stage; run the same gpt2 on every host, and the coordinator with a key"
    }
  }

  /// What the coordinator is told.
  var failure: Failure {
    if case .link(let link, let error) = self {
      Failure(reason: "\(error)", link: link)
    } else {
      Failure(reason: "\(self)")
    }
  }
}
