/// Requests that wait for a slot or for room in the caches.
///
/// Clients take turns; the requests of each are first come, first served. The first one waits until there is room for it,
/// however small those behind it are, so every request has its turn at last.
struct AdmissionQueue {
  /// Most requests that wait.
  let limit: Int
  private var entries: [RequestID: (client: ClientID, work: Work)] = [:]
  /// What each client that waits is waiting for, the longest first; never empty.
  private var requests: [ClientID: [RequestID]] = [:]
  /// Clients that wait, in the order of their turns.
  private var turns: [ClientID] = []

  init(limit: Int) {
    precondition(limit >= 1)
    self.limit = limit
  }

  var count: Int { entries.count }
  var isEmpty: Bool { entries.isEmpty }
  var isFull: Bool { entries.count >= limit }

  func contains(_ id: RequestID) -> Bool { entries[id] != nil }

  /// The request whose turn it is.
  var first: (id: RequestID, work: Work)? {
    guard let client = turns.first, let id = requests[client]?.first, let entry = entries[id] else { return nil }
    return (id, entry.work)
  }

  /// Adds a request. A client that did not wait has its turn after all that do.
  ///
  /// - Throws: ``AdmissionError/tooManyWaiting(limit:)``.
  /// - Precondition: the id is not in use.
  mutating func append(_ id: RequestID, _ work: Work, of client: ClientID) throws(AdmissionError) {
    precondition(!contains(id), "request submitted twice")
    guard !isFull else { throw .tooManyWaiting(limit: limit) }
    entries[id] = (client, work)
    if requests[client] == nil { turns.append(client) }
    requests[client, default: []].append(id)
  }

  /// Takes the first request out, and the turn goes to the next client. Does nothing when none waits.
  mutating func removeFirst() {
    guard let client = turns.first, let id = requests[client]?.first else { return }
    remove(id)
    guard requests[client] != nil else { return }
    turns.removeFirst()
    turns.append(client)
  }

  /// Takes a request out that is no longer wanted, which moves nobody's turn. Does nothing when it does not wait.
  mutating func remove(_ id: RequestID) {
    guard let client = entries.removeValue(forKey: id)?.client,
      let index = requests[client]?.firstIndex(of: id)
    else { return }
    requests[client]?.remove(at: index)
    guard requests[client]?.isEmpty == true else { return }
    requests[client] = nil
    turns.removeAll { $0 == client }
  }

  /// Takes out all requests that are `useless`, each client's in their order.
  mutating func removeAll(where useless: (Work) -> Bool) -> [(id: RequestID, work: Work)] {
    let removed = turns.flatMap { requests[$0] ?? [] }.compactMap { id in
      entries[id].flatMap { useless($0.work) ? (id: id, work: $0.work) : nil }
    }
    for (id, _) in removed { remove(id) }
    return removed
  }
}
