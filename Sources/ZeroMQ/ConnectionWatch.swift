internal import CZMQ
internal import LibC
internal import Platform
internal import Synchronization

/// Watches the connections of a listening socket on a thread of its own, and ends those that ask for more than a member does:
/// libzmq gathers the frames of a message without bound, and takes connections until there are no descriptors.
///
/// Its owner says what has come (``delivered(over:)``) and takes the news (``events()``), on the socket's thread.
public final class ConnectionWatch: Sendable {
  public enum Event: Hashable, Sendable {
    case handshakeFailed(HandshakeFailure)
    /// A connection, by its descriptor, has ended.
    case disconnected(Int32)
    /// A connection was ended from here; `reason` says what its peer did.
    case ended(host: String, reason: String)
    /// There are no descriptors left for those who dial in.
    case shortOfDescriptors
  }

  private let core: Core
  private let stopping: Wakeup
  private let thread: JoinableThread

  /// Begins to watch; to be made before the socket listens.
  public init(_ socket: Socket) throws {
    let (core, stopping) = (try Core(socket), try Wakeup())
    (self.core, self.stopping) = (core, stopping)
    // The thread keeps what it works on, and not this value, whose end ends it.
    thread = try JoinableThread {
      var pause = Core.rest
      while true {
        Poll.wait(descriptors: [core.descriptor, stopping.readEnd], timeout: pause)
        guard !stopping.isAwake, let next = core.look() else { return }
        pause = next
      }
    }
  }

  deinit {
    stopping.wake()
    thread.join()
  }

  /// Woken when there are events.
  public var news: Wakeup { core.news }

  /// A whole message came over a connection.
  public func delivered(over descriptor: Int32?) { if let descriptor { core.delivered(over: descriptor) } }

  /// What has happened since it was asked last, up to this moment.
  public func events() throws(ZeroMQError) -> [Event] { try core.events() }

  /// Whether the owner takes messages now: while it does not, nobody is to blame for having said nothing.
  public var isHeard: Bool {
    get { core.isHeard }
    set { core.isHeard = newValue }
  }

  /// Lets so many bytes of messages wait for the owner, beyond what anybody may send, on a connection that has said something.
  public func allow(unfinished bytes: Int) { core.allow(unfinished: bytes) }
}

/// What the owner of a watch and its thread share.
private final class Core: @unchecked Sendable {
  typealias Event = ConnectionWatch.Event

  let news: Wakeup
  /// Of the monitor; readable when there is something to look at.
  let descriptor: Int32
  // Unchecked: libzmq's socket inside the monitor is used by two threads, one at a time, under this lock.
  private let lock = Mutex(())
  private var state: State

  private struct State {
    let monitor: Monitor
    var table = ConnectionTable()
    var events: [Event] = []
    /// The descriptor that the socket listens with.
    var listener: Int32 = -1
    /// Given up when there are no others, so that those who dial in can be turned away.
    var reserve: Int32
    /// When freed memory is to be given back.
    var trimming: Instant?
  }

  /// How often it looks when somebody is there, and when nobody is.
  private static let glance = Duration.milliseconds(25)
  static let rest = Duration.milliseconds(250)
  /// Events that wait for the owner, and those that are taken in at a time.
  private static let eventLimit = 4096

  init(_ socket: Socket) throws(ZeroMQError) {
    let monitor = try socket.monitor()
    news = try Wakeup()
    descriptor = PollItem.monitor(monitor).descriptor
    state = State(monitor: monitor, reserve: Self.spare())
  }

  deinit { if state.reserve >= 0 { close(state.reserve) } }

  func delivered(over descriptor: Int32) {
    let now = Instant.now
    lock.withLock { _ in state.table.delivered(descriptor, now: now) }
  }

  func events() throws(ZeroMQError) -> [Event] {
    news.clear()
    return try lock.withLock { (_) throws(ZeroMQError) in
      try Self.take(&state)
      defer { state.events = [] }
      return state.events
    }
  }

  var isHeard: Bool {
    get { lock.withLock { _ in state.table.isHeard } }
    set { lock.withLock { _ in state.table.isHeard = newValue } }
  }

  func allow(unfinished bytes: Int) { lock.withLock { _ in state.table.limits.waitingBytes = UInt64(max(0, bytes)) } }

  /// One look; how long to wait for the next, or nil when the socket's context has ended.
  func look() -> Duration? {
    let now = Instant.now
    return lock.withLock { _ in
      do { try Self.take(&state) } catch { return nil }
      state.table.limits.connections = Self.connectionLimit
      for (connection, fault) in state.table.judge(now: now, bytes: { $0.bytesReceived }) {
        connection.end()
        // When libzmq has freed what came.
        if case .endless = fault { state.trimming = now + .seconds(1) }
        Self.append(.ended(host: connection.host ?? "somebody", reason: "\(fault)"), to: &state)
      }
      if let due = state.trimming, now > due {
        state.trimming = nil
        Self.giveBackMemory()
      }
      if !state.events.isEmpty { news.wake() }
      return state.table.entries.isEmpty && state.trimming == nil ? Self.rest : Self.glance
    }
  }

  /// Takes in what the monitor has.
  private static func take(_ state: inout State) throws(ZeroMQError) {
    let now = Instant.now
    var isShort = false
    // While there are no descriptors, libzmq fails to accept as fast as it can, and tells each time.
    for _ in 0..<eventLimit {
      guard let event = try state.monitor.next() else { break }
      switch event.kind {
      case .listening:
        state.listener = event.connection ?? -1
        // Two threads may accept: who comes second must not wait for the next that dials in.
        _ = fcntl(state.listener, F_SETFL, fcntl(state.listener, F_GETFL) | O_NONBLOCK)
      case .accepted: if let descriptor = event.connection { state.table.open(Connection(descriptor), now: now) }
      case .disconnected, .closed:
        guard let descriptor = event.connection else { break }
        state.table.close(descriptor)
        if event.kind == .disconnected { append(.disconnected(descriptor), to: &state) }
      case .handshakeFailed(let failure): append(.handshakeFailed(failure), to: &state)
      case .acceptFailed(let code) where code == EMFILE || code == ENFILE:
        isShort = true
      default: break
      }
    }
    if isShort {
      turnAway(&state)
      append(.shortOfDescriptors, to: &state)
    }
  }

  /// Takes those who dial in and hangs up: left alone, they keep libzmq's thread busy for as long as they wait.
  private static func turnAway(_ state: inout State) {
    guard state.listener >= 0 else { return }
    if state.reserve >= 0 { close(state.reserve) }
    for _ in 0..<1024 {
      let descriptor = accept(state.listener, nil, nil)
      guard descriptor >= 0 else { break }
      close(descriptor)
    }
    state.reserve = spare()
  }

  private static func append(_ event: Event, to state: inout State) {
    if state.events.count < eventLimit, state.events.last != event { state.events.append(event) }
  }

  private static func spare() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }

  /// Half of the descriptors that this process may have, within reason.
  private static var connectionLimit: Int { max(8, min(2048, DescriptorLimit.current / 2 - 32)) }

  /// What was freed goes back to the system, which glibc's allocator does by itself only for the newest.
  private static func giveBackMemory() {
    #if canImport(Glibc)
      malloc_trim(0)
    #endif
  }
}
