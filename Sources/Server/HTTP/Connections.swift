internal import Logging
internal import NIOCore
internal import Platform
internal import Synchronization

/// The connections of a server: no more than it can hold, and none that waits at the cost of those that work.
final class Connections: Sendable {
  private struct State {
    var ledger: ConnectionLedger
    var channels: [ConnectionLedger.ID: any Channel] = [:]
    /// Until when there are fewer than the limits say, since the process had no more descriptors.
    var squeezed: Instant?
    var said: Instant?
  }

  private let state: Mutex<State>
  private let limits: ServerLimits
  private let logger: Logger

  init(_ limits: ServerLimits, _ logger: Logger) {
    (self.limits, self.logger) = (limits, logger)
    state = Mutex(
      State(
        ledger: ConnectionLedger(
          limit: Self.limit(limits), idleLimit: limits.idlePerAddress, grace: limits.idleGrace)))
  }

  /// Most connections at once: what the process may open, less what else it needs.
  static func limit(_ limits: ServerLimits) -> Int {
    let descriptors = limits.descriptors()
    return max(8, min(limits.connections, descriptors - max(64, descriptors / 4)))
  }

  /// One connection, which tells what it does.
  struct Place: Sendable {
    fileprivate let connections: Connections
    fileprivate let id: ConnectionLedger.ID

    func become(_ phase: ConnectionLedger.Phase) {
      connections.state.withLock { $0.ledger.become(id, phase, at: .now) }
    }
  }

  /// A connection that has come; another may go for it.
  func open(_ channel: any Channel) -> Place {
    let (id, leaving) = state.withLock { state in
      let opened = state.ledger.open(ClientAddress(channel.remoteAddress), at: .now)
      state.channels[opened.id] = channel
      return opened
    }
    channel.closeFuture.whenComplete { [weak self] _ in
      self?.state.withLock { state in
        state.ledger.close(id)
        state.channels[id] = nil
      }
    }
    if let leaving { close([leaving]) }
    return Place(connections: self, id: id)
  }

  var count: Int { state.withLock { $0.channels.count } }

  /// Whether one more may be accepted: those that have to go may not have gone yet.
  var hasRoom: Bool {
    state.withLock { $0.channels.count < $0.ledger.limit + 2 * ConnectionLedger.reserve }
  }

  /// Closes what idles beyond its address's share, as long as it runs.
  func tend() async throws {
    while true {
      try await Task.sleep(for: .milliseconds(500))
      let surplus = state.withLock { state in
        if let time = state.squeezed, time < .now {
          state.squeezed = nil
          state.ledger.limit = Self.limit(limits)
        }
        return state.ledger.surplus(at: .now)
      }
      close(surplus)
    }
  }

  /// The process may open nothing more: makes do with fewer connections for a minute.
  func squeeze(_ error: IOError) {
    let (leaving, limit, isNews) = state.withLock { state in
      let now = Instant.now
      let count = state.ledger.count
      state.ledger.limit = max(8, min(Self.limit(limits), count - ConnectionLedger.reserve))
      state.squeezed = now + .seconds(60)
      let isNews = state.said.map { now - $0 > .seconds(10) } ?? true
      if isNews { state.said = now }
      return (state.ledger.shrink(at: now), state.ledger.limit, isNews)
    }
    close(leaving)
    guard isNews else { return }
    logger.warning(
      "no descriptor for another connection; raise the limit of open files (ulimit -n)",
      metadata: ["error": "\(error)", "descriptors": "\(limits.descriptors())", "connections": "\(limit)"])
  }

  private func close(_ ids: [ConnectionLedger.ID]) {
    for id in ids {
      guard let channel = state.withLock({ $0.channels[id] }) else { continue }
      // What has come meanwhile is read before this, and may be a request.
      channel.eventLoop.execute { [self] in
        guard state.withLock({ $0.ledger.isLeaving(id) }) else { return }
        channel.close(promise: nil)
      }
    }
  }
}
