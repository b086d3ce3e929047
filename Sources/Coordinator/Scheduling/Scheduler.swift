internal import GPT2
internal import MicroBatching
internal import Pipeline

/// Decides what goes into the pipe next: continuous batching over a cache with a fixed number of slots.
///
/// Pure state, driven from one thread:
///
/// ```
/// while let dispatch = scheduler.next() { … embed dispatch.tokens and send … }
/// … a micro-batch came back …
/// for arrival in scheduler.arrived(sequence) {
///   … arrival.output says what its rows are for; for .nextToken, sample from scheduler.generation(of: arrival.request) …
/// }
/// … every token sampled is handed to accept(_:for:) before next() is asked again, so that groups stay whole …
/// ```
///
/// A micro-batch has the next row of a group of the sequences being written, and prompts in the room that is left. Prompts
/// with the fewest rows left go first, so that a short one is not stuck behind a long one; every few micro-batches the one
/// that did not for longest does, so that none starves. Chunks of a prompt follow each other without waiting. The pipe
/// keeps the order of micro-batches, which is why a slot can have another owner while rows of the last one are on their way.
///
/// Requests outlive the pipe. When it is lost, ``suspend()`` makes their tokens input again, and the next ``begin(slotCount:positionBudget:chunk:pacing:)``
/// goes on with them: see `Scheduler+Restart.swift`.
struct Scheduler {
  struct Request {
    var work: Work
    /// Nil once the last row is sent.
    var slot: Int?
    var state = State.reading
    var isHeld = false
    /// The last micro-batch in which it went before other prompts, or the first one it could have been in.
    var preferred: UInt64
    /// Whether tokens are being written: the prompt has been read.
    var isWriting = false
    /// Rows of it that were sent before the pipe was lost, and are to be sent again.
    var replayedRows = 0
    /// Positions of its slot that every stage has cached.
    var cached = 0
    /// How far the cache of one stage is filled anew; nil when it is not to be.
    var refilled: Int?
    /// Workers that died with rows of it in hand, since it last got on.
    var deaths = 0
    /// Whether it is to blame, unless the last of them comes again.
    var isAccused = false

    /// Whether nothing of it is sent for now.
    var rests: Bool { isHeld || isAccused }
  }

  enum State {
    /// Rows of given tokens are left to send.
    case reading
    /// All known rows are sent.
    case sent
    /// The newest token is to be chosen.
    case deciding
    /// The newest token is to be sent.
    case ready
  }

  /// Micro-batches filled with the shortest prompts before the one comes first that did not for longest.
  private static let patience = 3

  /// What the pipe can hold, and how work is cut for it.
  struct Pipe {
    var slots: SlotPool
    var pacing: Pacing
  }

  /// Nil before there is a pipe: requests wait.
  var pipe: Pipe?
  var queue: AdmissionQueue
  /// Requests that have a slot, or whose last rows are in the pipe, or that had a slot of a pipe that was lost.
  var requests: [RequestID: Request] = [:]
  /// Those of a pipe that was lost, which have no slot yet, the most urgent first.
  var suspended: [RequestID] = []
  /// The slots of the pipe that was lost, and those whose return it was told in vain.
  var lostSlots: (pool: SlotPool, released: [Int])?
  /// Requests of which the cache of one stage is filled anew, and which stage that is.
  var refilling: [RequestID] = []
  var refillStage = 0
  /// Whether the last micro-batch was a refill: others take turns with them.
  var wasRefill = false
  /// Those that more than one worker died with, which go alone.
  var suspects: Set<RequestID> = []
  /// Rows that were sent again after their pipe was lost.
  var replayedRows = 0
  /// Sequences whose newest token is to be sent, the longest ready first.
  var ready: [RequestID] = []
  /// Requests with given tokens to send, in order of admission.
  var prompts: [RequestID] = []
  /// Oldest first.
  var flights: [Flight] = []
  private(set) var sequence: UInt64 = 0
  /// Whether steps of written sequences left prompts so little room that prompts go first now.
  var promptsAreDue = false
  /// How much of the patience is used: micro-batches that had no room for all of the longer prompts.
  private var patienceUsed = 0

  var omitted: Protections = []
  /// What of this code was reached.
  var marks = Marks()

  /// - Parameter waitingLimit: requests that wait at most; at least 1.
  init(waitingLimit: Int = 4096) { queue = AdmissionQueue(limit: waitingLimit) }

  /// There is a pipe now: work begins, or goes on.
  ///
  /// - Parameters:
  ///   - slotCount: sequences that every stage's cache has room for; at least 1.
  ///   - positionBudget: positions that every stage has memory for, over all slots.
  ///   - chunk: positions that the stages take memory for at a time.
  ///   - caches: what the stages have cached still of the pipe that was lost; nil where nothing is.
  /// - Returns: requests that can never run here; they are forgotten.
  mutating func begin(
    slotCount: Int, positionBudget: Int, chunk: Int = 1, pacing: Pacing, caches: KeptCaches? = nil
  ) -> [(id: RequestID, error: AdmissionError)] {
    precondition(pacing.inFlightLimit >= 1 && pipe == nil)
    let slots = SlotPool(slotCount: slotCount, positionBudget: positionBudget, chunk: chunk, omitting: omitted)
    if let caches, let lost = lostSlots,
      let renewed = lost.pool.renewed(positionBudget: positionBudget, announcing: lost.released),
      renewed.slotCount == slotCount
    {
      pipe = Pipe(slots: renewed, pacing: pacing)
      takeUp(caches)
    } else {
      pipe = Pipe(slots: slots, pacing: pacing)
      readAgain()
    }
    lostSlots = nil
    let tooLarge = suspended.filter { requests[$0]!.work.positions > positionBudget }
    let running = tooLarge.map { (id: $0, work: requests[$0]!.work) }
    for id in tooLarge { cancel(id) }
    return (running + queue.removeAll { $0.positions > positionBudget }).map { id, work in
      (id, .beyondBudget(positions: work.positions, budget: positionBudget))
    }
  }

  /// The slots of the pipe's caches; nil before there is a pipe.
  var slots: SlotPool? { pipe?.slots }

  /// Whether those who have slots of the pipe that was lost have room in another one too.
  func hasRoom(in positionBudget: Int) -> Bool { lostSlots.map { $0.pool.positionsUsed <= positionBudget } ?? false }

  /// Takes in how long a micro-batch took the slowest stage.
  mutating func learn(rows: Int, seconds: Double) { pipe?.pacing.learn(rows: rows, seconds: seconds) }

  /// Requests that wait for their turn.
  var waiting: Int { queue.count }
  /// Requests that were admitted and have not ended.
  var running: Int { requests.count }
  /// Whether the one request that is admitted probes the pipe.
  var isProbing: Bool { requests.count == 1 && requests.values.first!.work.isProbe }
  /// Micro-batches in the pipe.
  var inFlight: Int { flights.count }
  /// Whether nothing is left to do, in the pipe neither, and every slot was given back.
  var isIdle: Bool { queue.isEmpty && requests.isEmpty && flights.isEmpty && pipe?.slots.released.isEmpty ?? true }

  /// The micro-batch that comes back next, and the one stage that computes it if not all do; nil when none is in the pipe.
  var oldest: (sequence: UInt64, microBatch: MicroBatch, refill: Int?)? {
    flights.first.map { ($0.sequence, $0.microBatch, $0.refill) }
  }

  /// An admitted generation as it stands; nil for other requests, and after its end.
  ///
  /// Do not keep the value beyond `accept`, which would then have to copy it.
  func generation(of id: RequestID) -> Generation? {
    guard case .generate(let generation)? = requests[id]?.work else { return nil }
    return generation
  }
}

// MARK: - Requests

extension Scheduler {
  /// Takes a request, which waits its turn.
  ///
  /// - Throws: ``AdmissionError/beyondBudget(positions:budget:)`` when its turn could never come,
  ///   ``AdmissionError/tooManyWaiting(limit:)`` when it had to wait and too many do.
  /// - Precondition: the id is not in use, and the work has not finished.
  mutating func submit(_ id: RequestID, _ work: Work, client: ClientID = ClientID()) throws(AdmissionError) {
    precondition(requests[id] == nil, "request submitted twice")
    precondition(!work.isFinished, "nothing to compute")
    if let budget = pipe?.slots.positionBudget, work.positions > budget {
      throw .beyondBudget(positions: work.positions, budget: budget)
    }
    // Those there is room for do not wait; only when many came at once is that seen before the next micro-batch.
    if queue.isFull { admit() }
    try queue.append(id, work, of: client)
  }

  /// Forgets a request: its rows in the pipe mean nothing any more, and its slot is given back with the next micro-batch.
  ///
  /// Does nothing for a request that has ended.
  mutating func cancel(_ id: RequestID) {
    queue.remove(id)
    guard let request = requests.removeValue(forKey: id) else { return }
    if let slot = request.slot {
      pipe?.slots.giveBack(slot)
      lostSlots?.pool.giveBack(slot)
    }
    refilling.removeAll { $0 == id }
    ready.removeAll { $0 == id }
    prompts.removeAll { $0 == id }
    if request.slot == nil, suspended.contains(id) { marks.insert(.suspendedCancelled) }
    suspended.removeAll { $0 == id }
    suspects.remove(id)
    for index in flights.indices { flights[index].cancel(id) }
  }

  /// Sends nothing more of a request until ``resume(_:)``; what is in the pipe still arrives. It keeps its slot.
  ///
  /// Does nothing for a request that waits or has ended.
  mutating func hold(_ id: RequestID) { requests[id]?.isHeld = true }

  mutating func resume(_ id: RequestID) { requests[id]?.isHeld = false }

  /// Gives slots to those who wait, in their order: a large request is not overtaken by smaller ones.
  private mutating func admit() {
    while let id = suspended.first, let slot = pipe?.slots.take(positions: requests[id]!.work.positions) {
      suspended.removeFirst()
      requests[id]!.slot = slot
      prompts.append(id)
    }
    guard suspended.isEmpty else { return marks.insert(.suspendedWaits) }
    while let (id, work) = queue.first, let slot = pipe?.slots.take(positions: work.positions) {
      queue.removeFirst()
      requests[id] = Request(work: work, slot: slot, preferred: sequence)
      prompts.append(id)
    }
  }
}

// MARK: - Into the pipe

extension Scheduler {
  /// The next micro-batch to send; nil when nothing may go now.
  ///
  /// Has no rows when slots are to be given back and nothing else is on its way.
  mutating func next() -> Dispatch? {
    guard let pacing = pipe?.pacing, flights.count < pacing.inFlightLimit else { return nil }
    admit()
    let suspect = suspects.isEmpty ? nil : suspect
    guard suspects.isEmpty || mayFollow(suspect) else {
      marks.insert(suspect == nil ? .suspectAlone : .suspectWaits)
      return nil
    }
    var flight = Flight(sequence: sequence, releasing: pipe!.slots.released)
    var tokens: [Int] = []

    let outstanding = prompts.reduce(0) { requests[$1]!.rests ? $0 : $0 + requests[$1]!.work.remainingRows }
    let rows = max(1, pacing.rows(outstanding: outstanding, inFlight: flights.count, isUrgent: isUrgent))
    if !refilling.isEmpty, !wasRefill || (ready.isEmpty && prompts.isEmpty) {
      flight = refill(atMost: pacing.fixedRows ?? pacing.chunkRows, &tokens)
    } else if let suspect {
      marks.insert(.suspectSent)
      send(suspect, atMost: rows, into: &flight, &tokens)
      prompts.removeAll { requests[$0]!.state != .reading }
    } else if promptsAreDue {
      takePrompts(upTo: rows, into: &flight, &tokens)
      promptsAreDue = false
      takeSteps(atMost: rows - flight.microBatch.rowCount, into: &flight, &tokens)
    } else {
      takeSteps(atMost: pacing.fixedRows ?? pacing.rowLimit, into: &flight, &tokens)
      promptsAreDue = rows - flight.microBatch.rowCount < min(rows.dividedUp(by: 4), outstanding)
      takePrompts(upTo: rows, into: &flight, &tokens)
    }

    if tokens.isEmpty, !refilling.isEmpty { flight = refill(atMost: rows, &tokens) }
    let releasedCount = flight.microBatch.releasedSlots.count
    guard !tokens.isEmpty || (flights.isEmpty && releasedCount > 0) else { return nil }
    pipe!.slots.announced(releasedCount)
    wasRefill = flight.refill != nil
    sequence += 1
    flights.append(flight)
    return Dispatch(
      sequence: flight.sequence, microBatch: flight.microBatch, refill: flight.refill, tokens: tokens,
      isWork: flight.isWork)
  }

  /// Whether the suspect, or others, may be sent after what is in the pipe. Nothing is in it with a suspect, so that it is known of
  /// whom the next worker dies.
  private func mayFollow(_ suspect: RequestID?) -> Bool {
    if omitted.contains(.solitude) { return true }
    if let alone = flights.lazy.flatMap(\.shares).first(where: { suspects.contains($0.arrival.request) }) {
      return suspect == alone.arrival.request
    }
    return suspect == nil || flights.isEmpty
  }

  /// Whether somebody waits for a token: a text that is written, or whose prompt is read.
  private var isUrgent: Bool { requests.values.contains { if case .generate = $0.work { true } else { false } } }

  /// Adds the newest token of a group of the sequences being written.
  private mutating func takeSteps(atMost limit: Int, into flight: inout Flight, _ tokens: inout [Int]) {
    let group = ready.filter { !requests[$0]!.rests }.prefix(min(limit, groupSize))
    for id in group { send(id, atMost: 1, into: &flight, &tokens) }
    ready.removeAll { requests[$0]!.state != .ready }
  }

  /// Rows of the next group: so that no two groups come to differ by more than one row, even when they did before.
  private var groupSize: Int {
    let running = requests.values.count { $0.isWriting && !$0.rests }
    guard running > 0, let pacing = pipe?.pacing else { return 0 }
    // Where a group may not be as large as it should be, more of them are under way.
    let groupCount = max(pacing.groupCount(running: running), pacing.fixedRows.map { running.dividedUp(by: $0) } ?? 1)
    guard flights.count(where: { $0.stepCount > 0 }) < groupCount else { return 0 }
    let (size, larger) = running.quotientAndRemainder(dividingBy: groupCount)
    return flights.count { $0.stepCount > size } < larger ? size + 1 : size
  }

  /// Adds chunks of prompts until the micro-batch has `rows` rows.
  private mutating func takePrompts(upTo rows: Int, into flight: inout Flight, _ tokens: inout [Int]) {
    let candidates = prompts.filter { !requests[$0]!.rests && !suspects.contains($0) }
    guard !candidates.isEmpty, rows > flight.microBatch.rowCount else { return }
    let isFair = patienceUsed == Self.patience
    let order = candidates.enumerated().map { place, id in
      let request = requests[id]!
      // Those that were under way before their pipe was lost go before all others, and first the texts that somebody reads.
      let rank = request.work.isWritten ? 0 : request.replayedRows > 0 ? 1 : 2
      return (
        rank: rank, key: isFair ? request.preferred : UInt64(request.work.remainingRows), place: place, id: id
      )
    }.sorted { ($0.rank, $0.key, $0.place) < ($1.rank, $1.key, $1.place) }
    for (_, _, _, id) in order where flight.microBatch.rowCount < rows {
      send(id, atMost: rows - flight.microBatch.rowCount, into: &flight, &tokens)
    }
    requests[order[0].id]!.preferred = flight.sequence
    if order.dropFirst().contains(where: { requests[$0.id]!.state == .reading }) {
      patienceUsed = isFair ? 0 : patienceUsed + 1
    }
    prompts.removeAll { requests[$0]!.state != .reading }
  }

  /// Adds the next rows of a request, and gives its slot back after the last ones.
  private mutating func send(_ id: RequestID, atMost count: Int, into flight: inout Flight, _ tokens: inout [Int]) {
    let chunk = requests[id]!.work.takeChunk(atMost: count)!
    let replayed = min(chunk.tokens.count, requests[id]!.replayedRows)
    requests[id]!.replayedRows -= replayed
    replayedRows += replayed
    let isAll = requests[id]!.work.remainingRows == 0
    let isLast = isAll && chunk.output != .nextToken
    flight.append(chunk, of: id, slot: requests[id]!.slot!, isStep: requests[id]!.isWriting, isLast: isLast)
    tokens.append(contentsOf: chunk.tokens)
    if isAll { requests[id]!.state = .sent }
    if isLast, let slot = requests[id]!.slot.take() {
      pipe!.slots.giveBack(slot)
    }
  }
}

// MARK: - Out of the pipe

extension Scheduler {
  /// Takes note that a micro-batch came back.
  ///
  /// - Returns: what its rows are for, in the order of the rows; cancelled requests are left out.
  /// - Precondition: it is the ``oldest`` in the pipe.
  mutating func arrived(_ sequence: UInt64) -> [Arrival] {
    precondition(flights.first?.sequence == sequence, "the pipe keeps the order of micro-batches")
    let flight = flights.removeFirst()
    return flight.shares.map { share in
      let id = share.arrival.request
      if flight.refill == nil { requests[id]!.cached = share.end }
      if share.arrival.output == .nextToken {
        requests[id]!.state = .deciding
      } else {
        if share.arrival.output.needsHead { gotOn(id) }
        if !omitted.contains(.delivered) { requests[id]!.work.deliver(share.arrival) }
      }
      if share.arrival.isLast {
        requests[id] = nil
        suspects.remove(id)
      }
      return share.arrival
    }
  }

  /// Adds the token that was chosen for a generation, which is ready to go on, or has ended and gives its slot back.
  ///
  /// - Precondition: rows of the generation arrived as ``Output/nextToken``, and it was not cancelled since.
  mutating func accept(_ token: SampledToken, for id: RequestID) -> Generation.Update {
    precondition(requests[id]?.state == .deciding, "no token of this request is to be chosen")
    let update = requests[id]!.work.accept(token)
    if update.finishReason == nil {
      requests[id]!.state = .ready
      requests[id]!.isWriting = true
      gotOn(id)
      ready.append(id)
    } else {
      let request = requests.removeValue(forKey: id)!
      pipe!.slots.giveBack(request.slot!)
    }
    return update
  }

  /// There is something new of it: whoever died with it died of something else.
  private mutating func gotOn(_ id: RequestID) {
    if suspects.remove(id) != nil { marks.insert(.suspectCleared) }
    (requests[id]!.deaths, requests[id]!.isAccused) = (0, false)
  }
}

extension Int {
  /// The quotient, rounded up.
  fileprivate func dividedUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}
