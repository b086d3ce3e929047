import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport

@testable import Coordinator
@testable import Worker

/// What happens in a world, line by line: to be read, and to see whether it happens again in the same way.
final class Journal {
  /// Of all lines so far.
  private(set) var hashes: [UInt64] = []
  private var hash: UInt64 = 0
  private let write: ((String) -> Void)?

  /// - Parameter write: takes each line; nil where only hashes are wanted.
  init(write: ((String) -> Void)? = nil) { self.write = write }

  func note(_ time: Instant, _ line: String) {
    for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = mixed(hash ^ time.nanoseconds)
    hashes.append(hash)
    guard let write else { return }
    let micros = (time.nanoseconds - World.start.nanoseconds) / 1000
    let fraction = String(micros % 1_000_000)
    write("\(micros / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)  \(line)")
  }

  func note(_ time: Instant, _ event: CoordinatorEvent) {
    switch event {
    case .tick, .message, .first: break
    default: note(time, "coordinator  is told \(Self.short(event))")
    }
  }

  func note(_ time: Instant, _ effect: CoordinatorEffect) {
    switch effect {
    case .send, .sendFirst, .allowWaiting: break
    default: note(time, "coordinator  wants \(Self.short(effect))")
    }
  }

  func note(_ time: Instant, _ event: WorkerEvent, by node: Node) {
    switch event {
    case .tick, .message, .coordinator, .next: break
    default: note(time, "\(node.name)  is told \(Self.short(event))")
    }
  }

  func note(_ time: Instant, _ effect: WorkerEffect, by node: Node) {
    switch effect {
    case .tell, .send, .tellNext, .setLastWords, .hear, .allowWaiting, .letIn: break
    default: note(time, "\(node.name)  wants \(Self.short(effect))")
    }
  }

  private static func short(_ event: CoordinatorEvent) -> String {
    switch event {
    case .submit(let id, let work, _): "submit \(id.rawValue): \(work.short)"
    case .finished(let outcomes): "finished \(outcomes.count) outcomes"
    case .pieces(let pieces, _): "pieces of block \(pieces.map(\.tensor))"
    case .catalogued: "catalogued"
    case .measured: "measured"
    default: cut(event)
    }
  }

  private static func short(_ effect: CoordinatorEffect) -> String {
    switch effect {
    case .embed(let dispatch, _): "embed \(dispatch.sequence): \(dispatch.microBatch.short)"
    case .finish(let job): "finish \(job.sequence)"
    case .deliver(let id, let result): "deliver \(id.rawValue): \(ToyResult.of(result).count)"
    case .complete(let id, let error): "complete \(id.rawValue)\(error.map { ": \($0)" } ?? "")"
    case .readPieces(let wanted, _, _): "readPieces of block \(wanted.tensor)"
    case .end(let error): "end: \(error)"
    case .open(let stages): "open \(stages.map { "\($0.name) \($0.layers)" }.joined(separator: ", "))"
    default: cut(effect)
    }
  }

  private static func short(_ event: WorkerEvent) -> String { cut(event) }

  private static func short(_ effect: WorkerEffect) -> String {
    switch effect {
    case .compute(let pass): "compute \(pass.microBatch.short)"
    case .passOn(let header, _, _): "passOn \(header.sequence)"
    case .hold(let assignment, _): "hold \(assignment.layers)"
    case .serve(let assignment, let stage): "serve \(assignment.layers) as stage \(stage.index) of \(stage.count)"
    case .end(let error): "end\(error.map { ": \($0)" } ?? "")"
    default: cut(effect)
    }
  }

  private static func cut(_ value: some Any) -> String { String("\(value)".prefix(240)) }
}

extension Header {
  var short: String { "#\(number) epoch \(epoch.plan)" }
}

extension MicroBatch {
  var short: String {
    segments.map { "slot \($0.slot) \($0.start)+\($0.count)" }.joined(separator: ", ")
      + (releasedSlots.isEmpty ? "" : " releasing \(releasedSlots)")
  }
}

extension Work {
  var short: String {
    switch self {
    case .generate(let generation):
      "generate \(generation.lengthLimit - generation.promptCount) after \(generation.promptCount)"
    case .score(let scoring): "score \(scoring.tokens.count) in windows of \(scoring.window)"
    case .embed(let reading): "embed \(reading.tokens.count)"
    }
  }
}

extension Message {
  var short: String {
    switch self {
    case .pass(let pass): "pass \(pass.microBatch.short)"
    case .assignment(let assignment):
      "assignment of \(assignment.layers)" + (assignment.stage.map { " as stage \($0.index) of \($0.count)" } ?? "")
    case .credit(let credit): "credit \(credit.passes)"
    case .goodbye(let goodbye): "goodbye \(goodbye.reason)"
    case .failure(let failure): "failure \(failure.reason)\(failure.link.map { " of its \($0) link" } ?? "")"
    case .refusal(let refusal): "refusal \(refusal.reason)"
    case .heartbeat(let beat): "heartbeat \(beat.taken) \(beat.passed)"
    default: "\(kind)"
    }
  }
}
