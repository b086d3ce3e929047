internal import Platform

/// The connections of a socket, and which of them ask for more than any member does: pure, with the time passed in.
struct ConnectionTable {
  struct Limits: Sendable {
    /// Bytes that may come over a connection without a message being whole: more than the largest message.
    var unfinishedBytes: UInt64 = 64 << 20
    /// Such bytes of all connections together.
    var allUnfinishedBytes: UInt64 { 256 << 20 + 2 * waitingBytes }
    /// Bytes of whole messages that may wait for the owner, on top of either.
    var waitingBytes: UInt64 = 0
    /// How long a connection may say nothing at first: not shake hands, or not say what it wants.
    var firstWord: Duration = .seconds(5)
    /// Connections in all.
    var connections = 2048
    /// Connections that have said nothing yet.
    var mute: Int { min(64, connections / 2) }
  }

  enum Fault: Hashable, Sendable {
    /// So many bytes came, and no message.
    case endless(bytes: UInt64)
    case mute(Duration)
    /// It had said nothing, or nothing for longest, when there were too many.
    case crowded
  }

  struct Entry {
    let connection: Connection
    let opened: Instant
    /// Whether a message has come over it.
    var hasSpoken = false
    var lastSpoke: Instant
    /// Whether one has come since the last look.
    var isFresh = false
    /// What had come when a message was whole last.
    var counted: UInt64?
  }

  var limits = Limits()
  /// Whether the owner takes messages.
  var isHeard = true
  private(set) var entries: [Int32: Entry] = [:]

  mutating func open(_ connection: Connection, now: Instant) {
    entries[connection.descriptor] = Entry(connection: connection, opened: now, lastSpoke: now)
  }

  mutating func close(_ descriptor: Int32) { entries[descriptor] = nil }

  /// A whole message came over it.
  mutating func delivered(_ descriptor: Int32, now: Instant) {
    entries[descriptor]?.hasSpoken = true
    entries[descriptor]?.lastSpoke = now
    entries[descriptor]?.isFresh = true
  }

  /// Looks at all connections: those returned are to be ended, and are forgotten.
  ///
  /// - Parameter bytes: how many have come over a connection so far.
  mutating func judge(now: Instant, bytes: (Connection) -> UInt64?) -> [(Connection, Fault)] {
    var faults: [(Connection, Fault)] = []
    var unfinished: [(connection: Connection, bytes: UInt64, isTooMuch: Bool)] = []
    for (descriptor, entry) in entries {
      if let count = bytes(entry.connection) {
        if entry.isFresh || entry.counted == nil { entries[descriptor]!.counted = entry.isFresh ? count : 0 }
        entries[descriptor]!.isFresh = false
        let bytes = count - min(count, entries[descriptor]!.counted!)
        let limit = limits.unfinishedBytes + (entry.hasSpoken ? limits.waitingBytes : 0)
        unfinished.append((entry.connection, bytes, bytes > limit))
      }
      let age = max(.zero, now - entry.opened)
      if isHeard, !entry.hasSpoken, age > limits.firstWord { faults.append((entry.connection, .mute(age))) }
    }
    var sum = unfinished.reduce(0) { $0 + $1.bytes }
    for (connection, bytes, isTooMuch) in unfinished.sorted(by: { $0.bytes > $1.bytes })
    where isTooMuch || sum > limits.allUnfinishedBytes {
      faults.append((connection, .endless(bytes: bytes)))
      sum -= bytes
    }
    for (connection, _) in faults { entries[connection.descriptor] = nil }
    return faults + crowd()
  }

  /// Those that are too many: of the hosts with most that have said nothing, and then those that were silent for longest.
  private mutating func crowd() -> [(Connection, Fault)] {
    var faults: [(Connection, Fault)] = []
    func end(_ entry: Entry) {
      faults.append((entry.connection, .crowded))
      entries[entry.connection.descriptor] = nil
    }
    var mute = Dictionary(grouping: entries.values.filter { !$0.hasSpoken }) { $0.connection.host ?? "" }
      .mapValues { $0.sorted { $0.opened > $1.opened } }
    var count = mute.values.reduce(0) { $0 + $1.count }
    while count > limits.mute, let host = mute.max(by: { $0.value.count < $1.value.count })?.key {
      end(mute[host]!.removeLast())
      count -= 1
    }
    while entries.count > limits.connections, let oldest = entries.values.min(by: { $0.lastSpoke < $1.lastSpoke }) {
      end(oldest)
    }
    return faults
  }
}

extension ConnectionTable.Fault: CustomStringConvertible {
  /// What is said of the peer, whose address comes before it.
  var description: String {
    switch self {
    case .endless(let bytes): "sent \(bytes >> 20) MiB that are no whole message; its connection was ended"
    case .mute(let time): "said nothing for \(Int(time / .seconds(1))) s; its connection was ended"
    case .crowded:
      "had said nothing, or nothing for longest, when there were too many connections; its connection was ended"
    }
  }
}
