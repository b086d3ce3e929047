internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform

// MARK: - Requests

extension CoordinatorState {
  /// The one entrance of requests; whether there is a pipe is the scheduler's affair.
  mutating func submit(_ id: RequestID, _ work: Work, of client: ClientID) {
    do throws(AdmissionError) { try scheduler.submit(id, work, client: client) } catch { emit(.complete(id, error)) }
  }
}

// MARK: - The pipe's entrance

extension CoordinatorState {
  /// Sends as many micro-batches into the pipe as may go now.
  mutating func pump() {
    guard let epoch = planned, drainingSince == nil else { return }
    while epoch.entrance?.link.canSend == true, let dispatch = scheduler.next() {
      let header = epoch.entrance!.link.header(sequence: dispatch.sequence)
      let rows = dispatch.microBatch.rowCount
      epoch.deadline.sent(
        seconds: epoch.plan.seconds(rows: rows),
        bytes: rows * settings.configuration.width * MemoryLayout<Float>.size, hops: epoch.stages.count + 1, now: now)
      if dispatch.isWork { statistics.dispatched(dispatch.sequence, rows: rows, at: now) }
      emit(.embed(dispatch, header))
    }
  }

  mutating func embedded(_ sequence: UInt64, isFinite: Bool, start: Instant) {
    if !isFinite { planned?.broken.insert(sequence) }
    statistics.embedded(sequence, width: settings.configuration.width, start: start, end: now)
  }
}

// MARK: - Its exit

extension CoordinatorState {
  /// A micro-batch has passed all stages.
  mutating func arrived(_ header: Header, _ pass: Pass, isFinite: Bool) throws {
    guard let epoch = planned, epoch.isOpen else {
      throw loss(
        ofStage: lastStages.count - 1,
        .workerBroken(name: roster.stages.last?.name ?? "", reason: "a pass came before there was work"))
    }
    let stages = epoch.stages
    guard let oldest = scheduler.oldest, oldest.sequence == header.sequence, oldest.microBatch == pass.microBatch,
      oldest.refill == pass.refill,
      pass.width == settings.configuration.width, pass.records.count == stages.count
    else {
      throw loss(
        ofStage: stages.count - 1,
        .workerBroken(
          name: stages[stages.count - 1].name, reason: "micro-batch \(header.sequence) came back as another"))
    }
    epoch.deadline.arrived(now: now)
    lastReturn = now
    if pass.microBatch.rowCount > 0 {
      fruitless = 0
      if !starts.isEmpty { for stage in lastStages { starts[stage.name] = nil } }
    }
    if pass.refill != nil { return refilled(header, pass, epoch) }
    let wasFinite = epoch.broken.remove(header.sequence) == nil
    let culprit: StageDescription?
    do throws(Blame.Disagreement) {
      culprit = try Blame.culprit(of: pass.records, stages, wasFinite: wasFinite, isFinite: isFinite)
    } catch { throw loss(ofStage: error.stage, error.error) }
    var slowest: UInt64 = 0
    let rows = pass.microBatch.rowCount
    for (stage, record) in pass.records.enumerated() {
      let time = record.computed - min(record.received, record.computed)
      slowest = max(slowest, time)
      if rows > 0, let predicted = epoch.plan.seconds(ofStage: stage, rows: rows) {
        epoch.paces[stage].learn(Double(time) / 1e9, predicted: predicted, now: now)
      }
    }
    scheduler.learn(rows: pass.microBatch.rowCount, seconds: Double(slowest) / 1e9)
    let arrivals = scheduler.arrived(header.sequence)
    // What needs no results goes first, since the head takes time and stages would wait; but not in the place of a token.
    if !arrivals.contains(where: { $0.output == .nextToken }) { pump() }
    epoch.finishing = PlanEpoch.Finishing(
      sequence: header.sequence, pass: pass, arrivals: arrivals, culprit: culprit, start: now)
    // Some wait for nothing, and some for no more than that it came.
    guard arrivals.contains(where: { $0.output.needsHead }) else { return try finished([]) }
    emit(
      .finish(
        FinishJob(
          sequence: header.sequence, rowCount: pass.microBatch.rowCount, arrivals: arrivals,
          looksForInfinite: culprit != nil)))
  }

  /// One stage has its cache again.
  private mutating func refilled(_ header: Header, _ pass: Pass, _ epoch: PlanEpoch) {
    epoch.broken.remove(header.sequence)
    _ = scheduler.arrived(header.sequence)
    statistics.finished(
      header.sequence, records: pass.records, offsets: statistics.keepsTimeline ? clockOffsets : [],
      rows: pass.microBatch.rowCount, bytes: 0, start: now, end: now)
    pump()
  }

  /// Hands out what was made of the rows, and sends what can go behind them.
  mutating func finished(_ outcomes: [RowOutcome]) throws {
    guard let epoch = planned, let done = epoch.finishing else { return }
    epoch.finishing = nil
    var updates: [RequestResult] = []
    for outcome in outcomes {
      guard case .token(let token) = outcome.value else { continue }
      updates.append(.token(scheduler.accept(token, for: outcome.request)))
      statistics.generated()
    }
    for outcome in outcomes { if case .failed = outcome.value { scheduler.cancel(outcome.request) } }
    statistics.finished(
      done.sequence, records: done.pass.records, offsets: statistics.keepsTimeline ? clockOffsets : [],
      rows: done.pass.microBatch.rowCount, bytes: done.pass.payloadByteCount(into: epoch.stages.count),
      start: done.start, end: now)
    // Before anything is handed out, since the first stage waits.
    pump()
    // Whoever is told that a request has ended finds it counted no more.
    statistics.occupied(by: scheduler)
    var tokens = 0
    for outcome in outcomes {
      switch outcome.value {
      case .token:
        guard case .token(let update) = updates[tokens] else { break }
        emit(.deliver(outcome.request, updates[tokens]))
        tokens += 1
        if update.finishReason != nil { emit(.complete(outcome.request, nil)) }
      case .scores(let scores): emit(.deliver(outcome.request, .scores(scores)))
      case .hidden(let states): emit(.deliver(outcome.request, .hidden(states)))
      case .failed(let error): emit(.complete(outcome.request, Blame.error(error, by: done.culprit)))
      }
    }
    for arrival in done.arrivals where arrival.isLast { emit(.complete(arrival.request, nil)) }
  }

  /// Each stage's clock less this one's, in nanoseconds. Those of processes on this host are one.
  private var clockOffsets: [Int64] {
    roster.stages.map { $0.hello.host == settings.host ? 0 : $0.clockOffset }
  }
}
