import Dispatch
import Synchronization
import ZeroMQ

/// Says why connections fail, once each.
///
/// Which of two sides that do not fit hangs up first is chance, and with it whether a side learns more than that the other
/// hung up. So that is only said where nothing better comes within a second.
final class HandshakeLog: Sendable {
  private enum State { case silent, waiting, known }

  private let state = Mutex(State.silent)

  /// - Parameter reason: the description of a ``HandshakeFailure``.
  func take(_ line: String, reason: String, of culprit: String = "") {
    guard reason.hasPrefix(Self.hungUp) else {
      if reason.contains("--key") { state.withLock { $0 = .known } }
      return Terminal.warn(line, of: culprit)
    }
    let isFirst = state.withLock { state in
      guard state == .silent else { return false }
      state = .waiting
      return true
    }
    guard isFirst else { return }
    DispatchQueue.global().asyncAfter(deadline: .now() + 1) { [self] in
      if state.withLock({ $0 == .waiting }) { Terminal.warn(line, of: culprit) }
    }
  }

  /// How every description of a connection that was cut begins, whatever the system's error.
  private static let hungUp = String("\(HandshakeFailure.cut(code: 0))".prefix { $0 != "(" })
}
