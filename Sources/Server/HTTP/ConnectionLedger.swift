internal import Platform

/// Which connections there are, what they do, and which of them go when there are too many: state, with the time passed in.
///
/// A connection waits while it is its client's turn: for a request, or for the rest of a request's body. Bytes that come
/// meanwhile are no excuse; a complete request is.
struct ConnectionLedger {
  typealias ID = UInt64

  enum Phase { case idle, receiving, working }

  private struct Entry {
    var address: ClientAddress
    var phase = Phase.idle
    var isLeaving = false
  }

  /// Connections of one address that wait, the longest first.
  private struct Queue {
    var idle: [(id: ID, since: Instant)] = []
    var receiving: [(id: ID, since: Instant)] = []
    var count: Int { idle.count + receiving.count }

    /// Who goes first: the longest idle, but those that came this moment only after bodies that are long in coming.
    func first(before time: Instant) -> (id: ID, since: Instant)? {
      if let first = idle.first, first.since <= time { return first }
      return receiving.first ?? idle.first
    }
  }

  private var entries: [ID: Entry] = [:]
  private var queues: [ClientAddress: Queue] = [:]
  private var nextID: ID = 0
  private var leaving = 0

  /// Most connections at once.
  var limit: Int
  let idleLimit: Int
  let grace: Duration
  /// How many more there may be for a moment, when none of the others waits.
  static let reserve = 16

  init(limit: Int, idleLimit: Int, grace: Duration) {
    (self.limit, self.idleLimit, self.grace) = (limit, idleLimit, grace)
  }

  /// Those that do not have to go.
  var count: Int { entries.count - leaving }

  func isLeaving(_ id: ID) -> Bool { entries[id]?.isLeaving ?? false }

  /// Another one, and who has to go for it.
  mutating func open(_ address: ClientAddress, at now: Instant) -> (id: ID, leaving: ID?) {
    let id = nextID
    nextID += 1
    entries[id] = Entry(address: address)
    queues[address, default: Queue()].idle.append((id, now))
    guard count > limit, let victim = longest(at: now) else { return (id, nil) }
    // When all others work it may show first what it wants.
    if victim == id, count <= limit + Self.reserve { return (id, nil) }
    leave(victim)
    return (id, victim)
  }

  mutating func close(_ id: ID) {
    guard let entry = entries.removeValue(forKey: id) else { return }
    if entry.isLeaving { leaving -= 1 } else { unqueue(id, entry) }
  }

  /// It begins or ends a request; one that had to go stays, unless it is idle.
  mutating func become(_ id: ID, _ phase: Phase, at now: Instant) {
    guard var entry = entries[id], entry.phase != phase || phase == .receiving else { return }
    if entry.isLeaving {
      if phase == .idle { return }
      entry.isLeaving = false
      leaving -= 1
    } else {
      unqueue(id, entry)
    }
    entry.phase = phase
    entries[id] = entry
    switch phase {
    case .idle: queues[entry.address, default: Queue()].idle.append((id, now))
    case .receiving: queues[entry.address, default: Queue()].receiving.append((id, now))
    case .working: break
    }
  }

  /// Those idle ones that go since their address has too many.
  mutating func surplus(at now: Instant) -> [ID] {
    var ids: [ID] = []
    for queue in queues.values where queue.idle.count > idleLimit {
      let mature = queue.idle.prefix { $0.since + grace <= now }
      ids += mature.prefix(max(0, mature.count - idleLimit)).map(\.id)
    }
    for id in ids { leave(id) }
    return ids
  }

  /// Those that go until there are no more than the limit, as far as they wait.
  mutating func shrink(at now: Instant) -> [ID] {
    var ids: [ID] = []
    while count > limit, let victim = longest(at: now) {
      leave(victim)
      ids.append(victim)
    }
    return ids
  }

  /// The longest-waiting connection of the address that has most of them.
  private func longest(at now: Instant) -> ID? {
    let most = queues.values.lazy.map { (count: $0.count, first: $0.first(before: now - grace)) }.max { one, other in
      guard one.count == other.count, let first = one.first, let second = other.first else {
        return one.count < other.count
      }
      return first.since > second.since
    }
    return most?.first?.id
  }

  private mutating func leave(_ id: ID) {
    guard let entry = entries[id], !entry.isLeaving else { return }
    unqueue(id, entry)
    entries[id]?.isLeaving = true
    leaving += 1
  }

  private mutating func unqueue(_ id: ID, _ entry: Entry) {
    switch entry.phase {
    case .idle: queues[entry.address]?.idle.removeAll { $0.id == id }
    case .receiving: queues[entry.address]?.receiving.removeAll { $0.id == id }
    case .working: return
    }
    if queues[entry.address]?.count == 0 { queues[entry.address] = nil }
  }
}
