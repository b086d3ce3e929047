internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// A loaded stage between its two links: takes passes, runs them, hands them on.
final class StageRunner {
  let next: PassSender
  private(set) var passCount = 0
  private let stage: Stage
  private var receiver: PassReceiver
  private let rowLimit: Int
  /// Whether the coordinator is at the other end of the incoming link, and of the outgoing one.
  private let (isFirst, isLast): (Bool, Bool)
  private let patience: Duration
  private let buffers: ActivationsPool
  private let core: CoreClaim
  private var pending: (pass: Pass, header: Header, payload: Frame)?
  private var idleSince = Instant.now.nanoseconds
  private var lastSent: UInt64 = 0
  /// Micro-batches that have come, and that were handed on.
  private(set) var taken: UInt64 = 0
  var passed: UInt64 { UInt64(next.passCount) }

  init(_ stage: Stage, _ assignment: Assignment, epoch: UInt64, next: PassSender) {
    self.stage = stage
    self.next = next
    rowLimit = assignment.rowLimit
    (isFirst, isLast) = (assignment.stage == 0, assignment.stage == assignment.stageCount - 1)
    patience = .nanoseconds(assignment.patience)
    receiver = PassReceiver(
      epoch: epoch, from: assignment.stage - 1, credits: assignment.credits, terms: assignment.incoming,
      patience: .nanoseconds(assignment.patience))
    buffers = ActivationsPool(width: stage.configuration.width)
    core = CoreClaim(threadCount: stage.threadCount)
  }

  /// Takes one message of the inbox; when it is a pass, runs it and hands it on.
  ///
  /// - Returns: what its sender did, if the message was dropped: anybody can send to a port.
  /// - Throws: ``LinkError``, ``WireError`` and ``ModelError`` for what the previous stage must not send.
  func take(_ frames: [Frame], from inbox: Socket, progress: () -> Void) throws -> String? {
    guard frames.count >= 2 else { return "sent a message without a header" }
    let (header, message): (Header, Message)
    do throws(WireError) {
      (header, message) = try frames[1].withUnsafeBytes { bytes throws(WireError) in try Message.decode(bytes) }
    } catch {
      if receiver.isSender(frames[0]) { throw error }
      return "\(error)"
    }
    switch try receiver.receive(frames, header, message) {
    case .stranger(let reason): return reason
    case .nothing: break
    case .opened(let answer): try answer.send(on: inbox)
    case .pass(let header, var pass, let payload, let answer):
      let received = Instant.now.nanoseconds
      taken += 1
      try answer?.send(on: inbox)
      guard pass.width == stage.configuration.width, pass.microBatch.rowCount <= rowLimit else {
        throw WorkerError.unfit(
          reason:
            "a pass of \(pass.microBatch.rowCount) rows of width \(pass.width); this stage takes up to \(rowLimit) of width \(stage.configuration.width)"
        )
      }
      let activations = try buffers.take(rowCount: pass.microBatch.rowCount)
      payload.withUnsafeBytes { activations.bytes.copyMemory(from: $0) }
      let isFinite = activations.isFinite
      try core.hold {
        try stage.forward(pass.microBatch, activations, progress: progress)
        if pass.microBatch.rowCount > 0 { passCount += 1 }
        pass.records.append(
          StageRecord(
            received: received, computed: Instant.now.nanoseconds, waited: received - min(received, idleSince),
            sent: lastSent, isFiniteReceived: isFinite, isFiniteComputed: activations.isFinite))
        let (bytes, release) = buffers.lend(activations)
        pending = (pass, header, Frame(borrowing: bytes, release: release))
        // Before the core is given back, since the next stage waits.
        _ = try sendPending()
      }
    }
    return nil
  }

  /// Whether a message with this routing id is the previous stage's.
  func isSender(_ peer: Frame) -> Bool { receiver.isSender(peer) }

  /// A connection of the inbox has ended.
  func disconnected(_ connection: Int32) throws(LinkError) { try receiver.disconnected(connection) }

  /// Sees whether both neighbours were heard; to be called when the inbox was looked into.
  ///
  /// - Parameter steadiness: for how long the coordinator has been heard without a pause. One that was stopped, say with all of
  ///   its machine, has not lost its links; its control link says when it is gone.
  /// - Throws: ``WorkerError/link(_:_:)``, ``ZeroMQError``.
  func listen(steadiness: Duration) throws {
    let now = Instant.now.nanoseconds
    let mayHaveStopped = steadiness < patience
    do { try receiver.listen(now: now) } catch .silent where isFirst && mayHaveStopped {
    } catch { throw WorkerError.link(.incoming, error) }
    do { try next.listen(now: now) } catch LinkError.silent where isLast && mayHaveStopped {
    } catch let error as LinkError { throw WorkerError.link(.outgoing, error) }
  }

  /// Tells both neighbours that this stage lives.
  func beat(on inbox: Socket) throws {
    try receiver.beat()?.send(on: inbox)
    try next.beat()
  }

  /// Whether something was computed that the next stage does not take yet.
  var isHeldUp: Bool { pending != nil }

  /// Hands on what was computed; false when the next stage takes nothing yet, and then nothing more may be taken.
  func sendPending() throws -> Bool {
    guard let (pass, header, payload) = pending else { return true }
    if !next.canSend { try next.update() }
    guard next.canSend else { return false }
    let start = Instant.now.nanoseconds
    guard try next.send(pass, sequence: header.sequence, attempt: header.attempt, payload: payload) else {
      return false
    }
    pending = nil
    idleSince = Instant.now.nanoseconds
    lastSent = idleSince - start
    return true
  }
}
