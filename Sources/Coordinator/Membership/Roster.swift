internal import MicroBatching
internal import Pipeline

/// Who is of the cluster, and how far each has come: pure, with the time passed in.
///
/// A worker goes from hello through welcome, measurement and assignment to ready. What it says that does not fit where it stands is
/// its error, never the coordinator's.
struct Roster {
  /// What identifies a worker's control link: its routing id.
  typealias ID = [UInt8]

  enum Standing: Equatable {
    case welcomed
    case measured
    case assigned(stage: Int)
    case ready(stage: Int)
    /// Joined when there were enough, or had no block left for it.
    case spare
  }

  struct Member {
    let id: ID
    /// The name it gave, with a number where others have the same.
    let name: String
    let hello: Hello
    var standing: Standing
    /// Messages taken so far; the number the next one has.
    var received: UInt64
    /// Messages sent so far.
    var sent: UInt64 = 0
    var blockTimes: [BlockTime] = []
    var ready: Ready?
    /// When it was heard last, in nanoseconds.
    var lastHeard: UInt64
    /// Blocks run and tensors loaded.
    var progress: UInt64 = 0
    /// Its monotonic clock less the coordinator's, in nanoseconds, by the quickest exchange so far.
    var clockOffset: Int64 = 0
    var quickestExchange: UInt64 = .max

    var stage: Int? {
      switch standing {
      case .assigned(let stage), .ready(let stage): stage
      default: nil
      }
    }
  }

  enum Event: Equatable {
    /// Somebody new: to be welcomed.
    case joined(ID)
    /// Turned away.
    case refused(ID, name: String, reason: String)
    case wanted(ID, Wanted)
    /// All stages are ready.
    case ready
    /// One that is of the cluster no more: it went away, said that it cannot go on, or sent what it must not.
    case lost(name: String, stage: Int?, reason: String)
    case failed(name: String, stage: Int?, reason: String)
    case broken(ID, name: String, stage: Int?, reason: String)
    /// From nobody we know.
    case stranger(reason: String)
  }

  let expected: Int
  let measures: Bool
  private let configuration: [UInt8]
  private let programVersion: String
  private(set) var members: [Member] = []
  private(set) var isAssigned = false

  /// How long a worker may be silent: before it serves, and while it does.
  static let joiningPatience = Duration.seconds(10)
  static let servingPatience = Duration.milliseconds(1500)
  /// Most workers that may dial in.
  static let memberLimit = 1024

  /// - Parameters:
  ///   - configuration: fingerprint of the model's configuration.
  init(expected: Int, measures: Bool, configuration: [UInt8], programVersion: String) {
    self.expected = expected
    self.measures = measures
    self.configuration = configuration
    self.programVersion = programVersion
  }

  func index(of id: ID) -> Int? { members.firstIndex { $0.id == id } }

  subscript(id: ID) -> Member? { index(of: id).map { members[$0] } }

  /// The workers that serve, stage by stage.
  var stages: [Member] {
    members.filter { $0.stage != nil }.sorted { $0.stage! < $1.stage! }
  }

  /// Whether all expected workers are there, have measured what they were to measure, and have no blocks yet.
  var isComplete: Bool {
    !isAssigned && members.count { $0.standing == (measures ? .measured : .welcomed) } >= expected
  }

  /// The header of the next message to a worker.
  mutating func header(for id: ID, epoch: UInt64) -> Header {
    guard let index = index(of: id) else { return Header(epoch: epoch, number: 0) }
    defer { members[index].sent += 1 }
    return Header(epoch: epoch, number: members[index].sent)
  }

  /// Gives each stage of the plan its worker; those left out are spares.
  mutating func assign(_ workers: [ID]) {
    isAssigned = true
    for index in members.indices {
      members[index].standing = workers.firstIndex(of: members[index].id).map { .assigned(stage: $0) } ?? .spare
    }
  }

  /// Takes in a message of a worker that arrived at `now`, in nanoseconds of this machine's monotonic clock.
  mutating func receive(_ message: Message, _ header: Header, from id: ID, now: UInt64) -> [Event] {
    if case .hello(let hello) = message { return take(hello, header, from: id, now: now) }
    guard let index = index(of: id) else {
      return [.stranger(reason: "\(message.kind) from somebody who has not joined")]
    }
    let (name, stage) = (members[index].name, members[index].stage)
    guard header.number == members[index].received else {
      return [broken(index, "message \(members[index].received) is missing, \(header.number) came")]
    }
    members[index].received += 1
    members[index].lastHeard = now
    switch (message, members[index].standing) {
    case (.heartbeat(let heartbeat), _):
      take(heartbeat, index, now)
      return []
    case (.failure(let failure), _):
      return [forget(index, .failed(name: name, stage: stage, reason: failure.reason))]
    case (.goodbye(let goodbye), _):
      let reason = goodbye.reason.isEmpty ? "it was ended" : goodbye.reason
      return [forget(index, .lost(name: name, stage: stage, reason: reason))]
    case (.measurement(let measurement), .welcomed) where measures:
      guard !measurement.points.isEmpty else { break }
      members[index].blockTimes = measurement.points
      members[index].standing = .measured
      return []
    case (.wanted(let wanted), .assigned):
      return [.wanted(id, wanted)]
    case (.ready(let ready), .assigned(let stage)):
      members[index].ready = ready
      members[index].standing = .ready(stage: stage)
      let allReady = stages.allSatisfy { if case .ready = $0.standing { true } else { false } }
      return allReady ? [.ready] : []
    default: break
    }
    return [broken(index, "\(message.kind) was not due")]
  }

  /// A worker sent something that is no message; nil when it is none of ours.
  mutating func receiveGarbage(_ reason: String, from id: ID) -> Event? { index(of: id).map { broken($0, reason) } }

  /// Lets time pass: who was silent for too long is lost.
  ///
  /// - Parameter grace: how much longer than usual a stage may be silent, since it works on something large or the
  ///   coordinator itself was held up.
  mutating func tick(now: UInt64, grace: Duration = .zero) -> [Event] {
    var events: [Event] = []
    for index in members.indices.reversed() {
      let member = members[index]
      let isServing = if case .ready = member.standing { true } else { false }
      let patience = (isServing ? Self.servingPatience : Self.joiningPatience) + grace
      let silence = Duration.nanoseconds(now - min(now, member.lastHeard))
      guard silence > patience else { continue }
      let reason = "nothing heard of it at \(member.hello.address) for \(silence.inSeconds)"
      events.append(forget(index, .lost(name: member.name, stage: member.stage, reason: reason)))
    }
    return events
  }

  // MARK: -

  private mutating func take(_ hello: Hello, _ header: Header, from id: ID, now: UInt64) -> [Event] {
    guard header.number == 0 else { return [.stranger(reason: "a hello that is not the first message")] }
    if let index = index(of: id) {
      // It repeats itself until it is answered, and counts from 0 each time.
      members[index].lastHeard = now
      if members[index].hello != hello { return [broken(index, "it said another hello")] }
      return []
    }
    let refusal: String? =
      if hello.programVersion != programVersion {
        "it is gpt2 \(hello.programVersion), the coordinator \(programVersion); run the same gpt2 on every host"
      } else if !hello.configuration.isEmpty, hello.configuration != configuration {
        "its checkpoint \(hello.folder) is of another shape than the coordinator's; give it the same --model, or none, to be sent the weights"
      } else if isAssigned {
        "the work has begun with the \(expected) workers asked for; start the coordinator with a larger --workers"
      } else if members.count >= max(expected, Self.memberLimit) {
        "there are \(members.count) workers already"
      } else { nil }
    if let refusal { return [.refused(id, name: hello.name, reason: refusal)] }
    members.append(
      Member(
        id: id, name: unique(hello.name), hello: hello, standing: .welcomed, received: 1, lastHeard: now))
    return [.joined(id)]
  }

  /// Workers of the same name are told apart by a number.
  private func unique(_ name: String) -> String {
    let names = Set(members.map(\.name))
    guard names.contains(name) else { return name }
    return (2...).lazy.map { "\(name)-\($0)" }.first { !names.contains($0) }!
  }

  private mutating func take(_ heartbeat: Heartbeat, _ index: Int, _ now: UInt64) {
    members[index].progress = heartbeat.progress
    guard heartbeat.pulse != 0, heartbeat.time >= heartbeat.pulseArrival else { return }
    let held = heartbeat.time - heartbeat.pulseArrival
    guard now > heartbeat.pulse, now - heartbeat.pulse >= held else { return }
    let exchange = now - heartbeat.pulse - held
    guard exchange < members[index].quickestExchange else { return }
    members[index].quickestExchange = exchange
    // Half of the exchange each way.
    members[index].clockOffset =
      Int64(truncatingIfNeeded: heartbeat.time) &- Int64(truncatingIfNeeded: now - exchange / 2)
  }

  private mutating func broken(_ index: Int, _ reason: String) -> Event {
    let member = members[index]
    return forget(index, .broken(member.id, name: member.name, stage: member.stage, reason: reason))
  }

  private mutating func forget(_ index: Int, _ event: Event) -> Event {
    members.remove(at: index)
    return event
  }
}
