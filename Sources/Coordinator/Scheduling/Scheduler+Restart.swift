internal import GPT2
internal import MicroBatching
internal import Pipeline

// What becomes of requests when their pipe is lost.

extension Scheduler {
  /// The pipe is gone, and all that was computed with it: nothing is sent until there is another.
  ///
  /// Requests are what they were, with their tokens to be read again. Those that are written go on first, the fewest tokens first;
  /// the others follow in the same way.
  ///
  /// - Returns: whose rows were in flight, a micro-batch each, the oldest first.
  mutating func suspend() -> [[RequestID]] {
    let lost = flights.map { $0.shares.map(\.arrival.request) }
    (pipe, flights, ready, prompts, promptsAreDue) = (nil, [], [], [], false)
    // Probes bring nothing but that they came.
    for id in requests.keys {
      mark(requests[id]!)
      let sent = requests[id]!.work.sentRows
      requests[id]!.work.rewind()
      requests[id]!.replayedRows = max(requests[id]!.replayedRows, min(sent, requests[id]!.work.remainingRows))
      requests[id]!.slot = nil
      requests[id]!.state = .reading
      requests[id]!.preferred = 0
    }
    suspended = requests.keys.sorted { urgency($0) < urgency($1) }
    for id in suspended { requests[id]!.isWriting = false }
    return lost
  }

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

  /// The request that goes next and alone, since a worker died with it in hand.
  var suspect: RequestID? {
    prompts.filter { suspects.contains($0) && !requests[$0]!.isHeld }
      .min { urgency($0) < urgency($1) }
  }

  /// A worker died with rows of these in hand.
  ///
  /// - Returns: the request that it died of, which is forgotten: the only one, and not for the first time.
  mutating func died(with ids: [RequestID]) -> RequestID? {
    let known = ids.filter { requests[$0] != nil }
    if ids.count == 1, let id = known.first, requests[id]!.deaths > 0 {
      cancel(id)
      return id
    }
    if !known.isEmpty { marks.insert(.suspected) }
    for id in known {
      requests[id]!.deaths += 1
      // The first time it is mostly chance, and to go alone takes time.
      if requests[id]!.deaths > 1 { suspects.insert(id) }
    }
    return nil
  }

  /// The worker had not died with them: it is there again.
  mutating func exonerate(_ ids: [RequestID]) {
    for id in ids where requests[id]?.deaths ?? 0 > 0 {
      requests[id]!.deaths -= 1
      if requests[id]!.deaths < 2 { suspects.remove(id) }
    }
  }
}

extension Work {
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
