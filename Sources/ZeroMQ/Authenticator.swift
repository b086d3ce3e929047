internal import Platform
internal import Synchronization

/// Says which keys the sockets of a context let in: libzmq asks it over ZAP (RFC 27) about everybody who dials in.
///
/// It must be there before the first socket with ``Security/server(_:)`` listens, and stay as long as it does; without it such
/// a socket lets nobody in. It works on a thread of its own.
public final class Authenticator: Sendable {
  /// Somebody who was turned away.
  public struct Refusal: Hashable, Sendable {
    /// The numeric address it dialled in from.
    public var address: String
    /// What it said it was; nil when it has none or libzmq's request made no sense.
    public var key: CurveKey?
  }

  static let domain = "gpt2"
  /// Where libzmq asks.
  private static let address = "inproc://zeromq.zap.01"

  let context: Context
  /// Who is let in.
  let accepted: KeySet
  /// Keys of a self-test, which are turned away like others but not reported.
  let strangers = KeySet()
  private let stopping: Wakeup
  private let thread: JoinableThread

  /// Starts answering.
  ///
  /// - Parameters:
  ///   - keys: the public keys that are let in.
  ///   - refused: called on the authenticator's thread, for each connection that is turned away; must not block. Whoever keeps
  ///     knocking is turned away again and again.
  /// - Throws: ``ZeroMQError/system(call:code:)`` with `EADDRINUSE` when the context has one already.
  public init(
    _ context: Context, accepting keys: Set<CurveKey>, refused: @escaping @Sendable (Refusal) -> Void = { _ in }
  ) throws {
    let stopping = try Wakeup()
    let started = try Wakeup()
    let failure = Failure()
    let accepted = KeySet(keys)
    self.accepted = accepted
    thread = try JoinableThread { [strangers] in
      do throws(ZeroMQError) {
        let socket = try Socket(.router, context)
        _ = try socket.bind(Self.address)
        started.wake()
        try Self.answer(socket, until: stopping, accepted) { if !strangers.contains($0.key) { refused($0) } }
        // Closing alone leaves the name taken for a while.
        try socket.unbind(Self.address)
      } catch {
        failure.error.withLock { $0 = error }
        started.wake()
      }
    }
    self.context = context
    self.stopping = stopping
    _ = try Poll.wait([.wakeup(started)], timeout: nil)
    if let error = failure.error.withLock({ $0 }) { throw error }
  }

  deinit {
    stopping.wake()
    thread.join()
  }

  /// Lets in these keys from now on, and no others. Connections that stand are left alone.
  public func accept(_ keys: Set<CurveKey>) { accepted.replace(by: keys) }

  private static func answer(
    _ socket: Socket, until stopping: Wakeup, _ accepted: KeySet, _ refused: (Refusal) -> Void
  ) throws(ZeroMQError) {
    while true {
      let ready = try Poll.wait([.socket(socket), .wakeup(stopping)], timeout: nil)
      if ready[1] { return }
      while case .frames(let frames) = try socket.receive(atMost: ZAPRequest.frameCount) {
        guard let request = ZAPRequest(frames) else { continue }
        let isAccepted = request.domain == domain && accepted.contains(request.key)
        // Told before it is answered: whoever sees the connection fail can already know why.
        if !isAccepted { refused(Refusal(address: request.address, key: request.key)) }
        _ = try socket.send(request.reply(isAccepted: isAccepted))
      }
    }
  }
}

/// Why the thread ended.
private final class Failure: Sendable {
  let error = Mutex<ZeroMQError?>(nil)
}
