internal import GPT2
internal import MicroBatching
internal import Pipeline

// What becomes of requests when their pipe is lost.

extension Scheduler {
  /// The pipe is gone, and all that was computed with it: nothing is sent until there is another.
  ///
  /// Requests are what they were. What of them has to be computed again is known when there is another pipe.
  ///
  /// - Returns: whose rows were in flight, a micro-batch each, the oldest first; nil for one that filled a cache anew.
  mutating func suspend() -> [[RequestID]?] {
    let lost = flights.map { $0.refill == nil ? $0.riders : nil }
    if let pipe { lostSlots = (pipe.slots, flights.flatMap(\.microBatch.releasedSlots)) }
    (pipe, flights, ready, prompts, refilling) = (nil, [], [], [], [])
    (promptsAreDue, wasRefill) = (false, false)
    for id in requests.keys {
      mark(requests[id]!)
      requests[id]!.state = .reading
      requests[id]!.preferred = 0
      requests[id]!.refilled = nil
    }
    return lost
  }

  /// Nothing of the lost pipe is left: all requests read their tokens again. Those that are written go on first, the fewest tokens
  /// first; the others follow in the same way.
  mutating func readAgain() {
    for id in requests.keys { readAgain(id) }
    suspended = requests.keys.sorted { urgency($0) < urgency($1) }
    for id in suspended { requests[id]!.isWriting = false }
  }

  private mutating func readAgain(_ id: RequestID) {
    let sent = requests[id]!.work.sentRows
    requests[id]!.work.rewind()
    requests[id]!.replayedRows = max(requests[id]!.replayedRows, min(sent, requests[id]!.work.remainingRows))
    (requests[id]!.slot, requests[id]!.cached) = (nil, 0)
  }

  /// The stages have what they had cached, but for one at most: requests go on where they were, when that one's cache is filled.
  mutating func takeUp(_ caches: KeptCaches) {
    refillStage = caches.missing ?? 0
    var kept: [RequestID] = []
    for id in requests.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
      guard let slot = requests[id]!.slot, slot < caches.slots || caches.missing == nil, requests[id]!.cached > 0,
        requests[id]!.work.rewind(to: requests[id]!.cached)
      else {
        if let slot = requests[id]!.slot { pipe!.slots.giveBack(slot) }
        readAgain(id)
        continue
      }
      marks.insert(caches.missing == nil ? .wentOn : .refilled)
      if caches.missing != nil { requests[id]!.refilled = 0 }
      kept.append(id)
    }
    kept.sort { (requests[$0]!.cached, $0.rawValue) < (requests[$1]!.cached, $1.rawValue) }
    if caches.missing == nil { prompts = kept } else { refilling = kept }
    suspended = requests.keys.filter { requests[$0]!.slot == nil }.sorted { urgency($0) < urgency($1) }
    for id in requests.keys { requests[id]!.isWriting = false }
  }

  /// Adds rows of which one stage alone has lost what it made of them.
  ///
  /// It gives no slots back: the others hand its rows by without looking.
  mutating func refill(atMost rows: Int, _ tokens: inout [Int]) -> Flight {
    var flight = Flight(sequence: sequence, releasing: [])
    flight.refill = refillStage
    while let id = refilling.first, flight.microBatch.rowCount < rows {
      let (start, end) = (requests[id]!.refilled!, requests[id]!.cached)
      let part = start..<min(end, start + rows - flight.microBatch.rowCount)
      let chunk = Chunk(
        tokens: requests[id]!.work.tokens[part], position: start, rows: 0..<part.count, start: start, output: .nothing)
      flight.append(chunk, of: id, slot: requests[id]!.slot!, isStep: false, isLast: false)
      tokens.append(contentsOf: chunk.tokens)
      replayedRows += part.count
      requests[id]!.refilled = part.upperBound
      guard part.upperBound == end else { break }
      requests[id]!.refilled = nil
      refilling.removeFirst()
      prompts.append(id)
    }
    return flight
  }

  /// Whether the cache of a stage is being filled anew, so that it is not what the others' are.
  var isRefilling: Bool { !refilling.isEmpty || flights.contains { $0.refill != nil } }

  private mutating func mark(_ request: Request) {
    switch request.work {
    case .generate(let generation): marks.insert(generation.tokens.isEmpty ? .suspendedRead : .suspendedWritten)
    case .score(let scoring): if scoring.isDelivered { marks.insert(.scoresRewound) }
    case .embed(let reading): if reading.isDelivered { marks.insert(.statesRewound) }
    }
  }

  private func urgency(_ id: RequestID) -> (Int, Int, UInt64) {
    let request = requests[id]!
    let isWritten = request.isWriting || request.work.isWritten
    return (isWritten ? 0 : request.replayedRows > 0 ? 1 : 2, request.work.remainingRows, id.rawValue)
  }

  /// The request that goes next and alone, since workers died with it in hand.
  var suspect: RequestID? {
    prompts.filter { suspects.contains($0) && !requests[$0]!.rests }
      .min { urgency($0) < urgency($1) }
  }

  /// A worker died with rows of these in hand.
  ///
  /// - Parameter isOne: whether it had nothing else in hand than this one request.
  /// - Returns: the request that it died of, which rests until it is known whether it did: the only one, and not for the first time.
  mutating func died(with ids: [RequestID], alone isOne: Bool) -> RequestID? {
    let known = ids.filter { requests[$0] != nil }
    if !known.isEmpty { marks.insert(.suspected) }
    for id in known {
      requests[id]!.deaths += 1
      // The first time it is mostly chance, and to go alone takes time.
      if requests[id]!.deaths > 1 { suspects.insert(id) }
    }
    guard isOne, let id = known.first, requests[id]!.deaths > 1 else { return nil }
    requests[id]!.isAccused = true
    return id
  }

  /// Two workers died of it: it is forgotten.
  ///
  /// - Returns: whether it was there, and accused still.
  mutating func convict(_ id: RequestID) -> Bool {
    guard requests[id]?.isAccused == true else { return false }
    cancel(id)
    return true
  }

  /// The worker had not died with them: it is there again.
  mutating func exonerate(_ ids: [RequestID]) {
    for id in ids where requests[id]?.deaths ?? 0 > 0 {
      requests[id]!.isAccused = false
      requests[id]!.deaths -= 1
      if requests[id]!.deaths < 2 { suspects.remove(id) }
    }
  }
}

extension Work {
  /// Those of a slot's positions, where the two are the same.
  fileprivate var tokens: ArraySlice<Int> {
    switch self {
    case .generate(let generation): generation.sequence[...]
    case .embed(let reading): reading.tokens[...]
    case .score: preconditionFailure("windows begin anew")
    }
  }

  /// Goes on behind rows that are cached.
  ///
  /// - Returns: whether that can be: windows of a score begin anew, and what is all delivered has nothing left.
  fileprivate mutating func rewind(to position: Int) -> Bool {
    switch self {
    case .generate(var generation):
      guard position < generation.sequence.count else { return false }
      self = .embed(Reading())
      generation.rewind(to: position)
      self = .generate(generation)
    case .embed(var reading):
      guard position < reading.tokens.count, !reading.isProbe else { return false }
      reading.rewind(to: position)
      self = .embed(reading)
    case .score: return false
    }
    return true
  }

  /// Rows that were sent so far, as far as they are known.
  fileprivate var sentRows: Int {
    switch self {
    case .generate(let generation): generation.takenCount
    case .score(let scoring): scoring.sentRows
    case .embed(let reading): reading.tokens.count - reading.remainingRows
    }
  }

  /// Whether somebody has read the beginning of a text and waits for more.
  var isWritten: Bool {
    if case .generate(let generation) = self { !generation.tokens.isEmpty } else { false }
  }
}
