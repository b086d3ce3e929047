import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import ZeroMQ

@testable import Coordinator
@testable import Worker

// Connections as TCP and libzmq have them: in order, one way held up by itself, made anew by whoever dialled, and noticed or not.

extension World {
  private static let reconnectInterval = Duration.milliseconds(100)

  func process(at address: String) -> Process? {
    address == coordinatorProcess.address ? coordinatorProcess : nodes.last { $0.address == address }
  }

  private func delay() -> Duration { .microseconds(random.number(setup.latency)) }

  private func isBlocked(_ session: Session, _ way: Int, toDial: Bool = false) -> Bool {
    !blocks.isEmpty && blocks.contains { $0.path.matches(session, way) && !($0.path.connects && toDial) }
  }

  // MARK: - Dialling

  func dial(_ name: String, from: Process, _ purpose: Dial.Purpose, to: Process) -> Dial {
    let dial = Dial(from: from, purpose, to: to, id: Array(name.utf8))
    queue.add(.connect(dial), at: now + delay() + delay())
    return dial
  }

  func connect(_ dial: Dial) {
    guard dial.isOwned, dial.session == nil else { return }
    let halt = max(dial.from.haltedUntil, dial.to.haltedUntil)
    if halt > now { return queue.add(.connect(dial), at: halt + delay()) }
    connectionCount += 1
    let session = Session(dial, ConnectionNumber(connectionCount), isUnheard: dial.to.callers[dial.id] != nil)
    guard dial.to.isRunning, !isBlocked(session, 0, toDial: true), !isBlocked(session, 1, toDial: true) else {
      return queue.add(.connect(dial), at: now + Self.reconnectInterval)
    }
    dial.session = session
    sessions.append(session)
    if !session.isUnheard { dial.to.callers[dial.id] = session }
    journal?.note(
      now,
      "\(dial.from.name) → \(dial.to.name): connection \(session.number.rawValue), \(dial.purpose)\(session.isUnheard ? ", unheard" : "")"
    )
    switch (dial.from is Node, dial.purpose) {
    case (true, .control): reach(dial.from, .worker(.coordinatorConnected))
    case (true, .data): if (dial.from as? Node)?.next === dial { reach(dial.from, .worker(.nextConnected)) }
    case (false, _): if first === dial { reach(dial.from, .coordinator(.firstConnected, [])) }
    }
    let queued = dial.queued
    dial.queued = []
    for parcel in queued { transmit(session, 0, parcel) }
  }

  /// Lets go of a dial: what was sent arrives, and then the end of the connection.
  func close(_ dial: Dial?) {
    guard let dial, !dial.isClosed else { return }
    dial.isClosed = true
    dial.from.backlog.removeAll { $0.purpose == dial.purpose }
    if let session = dial.session { transmit(session, 0, nil) }
  }

  // MARK: - Messages

  /// From whoever dialled to the listener.
  func send(_ dial: Dial?, _ header: Header, _ message: Message, _ values: [UInt64]? = nil) {
    guard let dial, !dial.isClosed else { return }
    if case .pass = message { dial.credit -= 1 }
    let parcel = Parcel(header: header, message: message, values: values)
    if let session = dial.session { transmit(session, 0, parcel) } else { dial.queued.append(parcel) }
  }

  /// From the listener to whoever dialled; one for somebody who is gone is lost.
  func answer(_ process: Process, _ id: [UInt8], _ header: Header, _ message: Message) {
    guard let session = process.callers[id] else { return }
    if case .credit(let credit) = message { session.dial.credit += credit.passes }
    transmit(session, 1, Parcel(header: header, message: message))
  }

  /// - Parameter parcel: nil for the end of the connection.
  func transmit(_ session: Session, _ way: Int, _ parcel: Parcel?) {
    guard !session.isCut else { return }
    if parcel != nil, session.ways[way].losses > 0 {
      session.ways[way].losses -= 1
      session.dial.isFaulty = true
      return
    }
    var count = 1
    if parcel != nil, session.ways[way].copies > 0 {
      session.ways[way].copies -= 1
      session.dial.isFaulty = true
      session.end(way).hasCopies = true
      count = 2
    }
    if !session.ways[way].stuck.isEmpty || isBlocked(session, way) {
      for _ in 0..<count { session.ways[way].stuck.append(parcel) }
      return
    }
    var time = now + delay()
    for lag in lags where lag.path.matches(session, way) { time += lag.time }
    time = max(time, session.ways[way].arrival)
    session.ways[way].arrival = time
    for _ in 0..<count {
      queue.add(parcel.map { .arrive(session, way: way, $0) } ?? .ended(session, way: way), at: time)
    }
  }

  func arrive(_ session: Session, _ way: Int, _ parcel: Parcel) {
    guard !session.isCut else { return }
    guard session.isThere(way) else {
      // Its machine says that there is no such connection.
      return cut(session, tellsDialer: way == 0, tellsListener: way == 1)
    }
    session.ways[way].heard = now
    let (process, dial) = (session.end(way), session.dial)
    let (header, message) = (parcel.header, parcel.message)
    journal?.note(now, "\(session.end(1 - way).name) → \(process.name): \(header.short) \(message.short)")
    if way == 1 {
      if process is Node {
        reach(process, .worker(dial.purpose == .control ? .coordinator(header, message) : .next(header, message)))
      } else {
        reach(process, .coordinator(.first(header, message), []))
      }
      return
    }
    guard !session.isUnheard else { return }
    let bytes = parcel.values.map { $0.count * 4 * ToyModel.configuration.width }
    let caller = Caller(connection: session.number, host: dial.from.host, isElsewhere: true)
    if let node = process as? Node {
      let peer = Peer(dial.id, node.state.isSender(dial.id) ? Caller() : caller)
      node.inbox.append((.message(header, message, payload: bytes, from: peer), parcel.values ?? []))
      if let credits = node.assignment?.stage?.credits, case let passes = node.waitingPasses, passes > credits,
        !node.hasCopies
      {
        violate("\(passes) passes wait at \(node.name), and it granted \(credits)")
      }
      if node.backlog.isEmpty { takeMessages(node) }
    } else {
      // Of a connection the number is known when it says its first word.
      let isFirstWord =
        switch message {
        case .hello, .open: true
        default: false
        }
      let payload = bytes.map { Payload(byteCount: $0, isFinite: true) }
      let peer = Peer(dial.id, isFirstWord ? caller : Caller())
      reach(process, .coordinator(.message(header, message, payload: payload, from: peer), parcel.values ?? []))
    }
  }

  /// How long nothing has come over a connection, as the system tells; what was heard, where it does not.
  func silence(_ session: Session?, _ way: Int, heard: Duration) -> Duration {
    session.map { min(heard, now - max($0.ways[way].heard, now - heard)) } ?? heard
  }

  // MARK: - Ends

  /// Ends a connection: what is on the way is lost.
  func cut(_ session: Session, tellsDialer: Bool = true, tellsListener: Bool = true) {
    guard !session.isCut else { return }
    (session.isCut, session.isHalfOpen) = (true, !tellsDialer)
    session.dial.isFaulty = true
    journal?.note(
      now, "connection \(session.number.rawValue) from \(session.dial.from.name) to \(session.dial.to.name) is cut")
    if tellsListener { queue.add(.ended(session, way: 0), at: now + .microseconds(random.number(500...2500))) }
    if tellsDialer { queue.add(.ended(session, way: 1), at: now + .microseconds(random.number(500...2500))) }
  }

  func ended(_ session: Session, _ way: Int) {
    session.isCut = true
    if way == 0 {
      let process = session.dial.to
      guard process.life == session.life, process.isRunning else { return }
      if process.callers[session.dial.id] === session { process.callers[session.dial.id] = nil }
      if process is Node {
        reach(process, .worker(.disconnected(session.number)))
      } else {
        reach(process, .coordinator(.disconnected(session.number), []))
      }
      return
    }
    let dial = session.dial
    guard dial.session === session else { return }
    dial.session = nil
    guard dial.isOwned else { return }
    queue.add(.connect(dial), at: now + Self.reconnectInterval)
    switch (dial.from is Node, dial.purpose) {
    case (true, .control): reach(dial.from, .worker(.coordinatorDisconnected))
    case (true, .data): if (dial.from as? Node)?.next === dial { reach(dial.from, .worker(.nextDisconnected)) }
    case (false, _): if first === dial { reach(dial.from, .coordinator(.firstDisconnected, [])) }
    }
  }

  /// The process ends. One that is killed may not get out what it said last.
  func exit(_ process: Process, isKilled: Bool) {
    guard process.isRunning else { return }
    process.isRunning = false
    process.life += 1
    process.backlog = []
    process.isWorking = false
    process.haltedUntil = 0
    process.callers = [:]
    for session in sessions where session.dial.from === process || session.dial.to === process {
      guard !session.isCut else { continue }
      let other = session.dial.from === process ? 0 : 1
      // Whoever cannot be reached does not hear of it for now.
      if isKilled, random.chance(oneIn: 2), !isBlocked(session, other) {
        cut(session, tellsDialer: other == 1, tellsListener: other == 0)
      } else {
        transmit(session, other, nil)
      }
      // What the dead one still had to hear is nobody's.
      if other == 0 { session.dial.isClosed = true }
    }
    sessions.removeAll { $0.isCut }
  }

  // MARK: - Paths

  /// Nothing passes on the paths, and no connection ends.
  ///
  /// - Returns: by which to ``unblock(_:resets:)``.
  @discardableResult
  func block(_ paths: [Path]) -> Int {
    blockCount += 1
    let id = blockCount
    blocks += paths.map { (id, $0) }
    return id
  }

  /// Everything passes again. What waited arrives late, or the connections are found to have ended.
  func unblock(_ id: Int, resets: Bool) {
    let paths = blocks.filter { $0.id == id }
    blocks.removeAll { $0.id == id }
    for session in sessions where !session.isCut {
      for way in 0...1 where !session.ways[way].stuck.isEmpty && !isBlocked(session, way) {
        if resets, paths.contains(where: { $0.path.matches(session, way) }) {
          cut(session)
          break
        }
        let parcels = session.ways[way].stuck
        session.ways[way].stuck = []
        for parcel in parcels { transmit(session, way, parcel) }
      }
    }
    sessions.removeAll { $0.isCut }
  }

  func slowDown(_ path: Path, by time: Duration, id: Int) { lags.append((id, path, time)) }

  /// Connections on a path, as they are now.
  func sessions(on path: Path) -> [Session] {
    sessions.filter { !$0.isCut && (path.matches($0, 0) || path.matches($0, 1)) }
  }
}

extension Process {
  /// Its machine's address.
  var host: String { String(address.dropFirst(6).prefix { $0 != ":" }) }
}
