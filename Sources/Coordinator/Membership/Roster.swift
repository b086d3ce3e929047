internal import MicroBatching
internal import Pipeline
internal import ZeroMQ

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
    /// The connection it came over, by its descriptor; nil within a process.
    let connection: Int32?
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
    /// It is gone: silent or cut off.
    case lost(name: String, stage: Int?, reason: String)
    /// It said that it cannot go on, and is gone.
    case failed(name: String, stage: Int?, reason: String)
    /// It said what it must not, and counts as gone.
    case broken(name: String, stage: Int?, reason: String)
    /// From nobody we know.
    case stranger(ID, reason: String)
  }

  let expected: Int
  let measures: Bool
  private let configuration: [UInt8]
  private let programVersion: String
  private(set) var members: [Member] = []
  private(set) var isAssigned = false
  /// Which plan the stages are of; grows from plan to plan.
  private(set) var epoch: UInt64
  private let firstEpoch: UInt64

  /// How long a worker may be silent: before it serves, and while it does.
  static let joiningPatience = Duration.seconds(10)
  static let servingPatience = Duration.milliseconds(1400)
  /// Nothing that runs takes longer for a block; what says so is broken.
  static let slowestBlock = Duration.seconds(600)
  /// Most workers that may dial in.
  static let memberLimit = 1024

  /// - Parameters:
  ///   - configuration: fingerprint of the model's configuration.
  init(expected: Int, measures: Bool, configuration: [UInt8], programVersion: String, epoch: UInt64) {
    self.expected = expected
    self.measures = measures
    self.configuration = configuration
    self.programVersion = programVersion
    self.epoch = epoch
    firstEpoch = epoch
  }

  func index(of id: ID) -> Int? { members.firstIndex { $0.id == id } }

  subscript(id: ID) -> Member? { index(of: id).map { members[$0] } }

  /// The workers that serve, stage by stage.
  var stages: [Member] {
    members.filter { $0.stage != nil }.sorted { $0.stage! < $1.stage! }
  }

  /// Whether every stage is ready.
  private var isServing: Bool {
    isAssigned && stages.allSatisfy { if case .ready = $0.standing { true } else { false } }
  }

  /// The workers that can be given blocks.
  var candidates: [Member] { members.filter { $0.standing == (measures ? .measured : .welcomed) } }

  /// Whether a plan is due: all expected workers are there and have measured what they were to measure.
  var isComplete: Bool { !isAssigned && candidates.count >= expected }

  /// The header of the next message to a worker.
  mutating func header(for id: ID) -> Header {
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

  /// Takes the plan back, and with it the epoch: everybody waits for another one.
  mutating func unassign() {
    isAssigned = false
    epoch &+= 1
    for index in members.indices {
      // A spare may have come too late to be measured.
      members[index].standing = measures && !members[index].blockTimes.isEmpty ? .measured : .welcomed
      members[index].ready = nil
    }
  }

  /// Takes in a message of a worker that arrived at `now`, in nanoseconds of this machine's monotonic clock.
  ///
  /// - Parameter connection: the descriptor of the connection it came over, if it has one.
  mutating func receive(
    _ message: Message, _ header: Header, from id: ID, over connection: Int32? = nil, now: UInt64
  ) -> [Event] {
    if case .hello(let hello) = message { return take(hello, header, from: id, over: connection, now: now) }
    guard let index = index(of: id) else {
      return [.stranger(id, reason: "sent \(message.kind) and is not of this cluster")]
    }
    let (name, stage) = (members[index].name, members[index].stage)
    guard header.number == members[index].received else {
      let reason = "message \(members[index].received) is missing, \(header.number) came"
      return [forget(index, .broken(name: name, stage: stage, reason: reason))]
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
    case (.measurement(let measurement), .welcomed) where measures,
      (.measurement(let measurement), .spare) where measures:
      guard !measurement.points.isEmpty, members[index].blockTimes.isEmpty else { break }
      if let point = measurement.points.first(where: { $0.seconds > Self.slowestBlock / .seconds(1) }) {
        let reason = "it says that a block of \(point.rows) rows takes it \(point.seconds) s"
        return [forget(index, .broken(name: name, stage: stage, reason: reason))]
      }
      members[index].blockTimes = measurement.points
      if members[index].standing == .welcomed { members[index].standing = .measured }
      return []
    case (.wanted, _) where isOver(header.epoch), (.ready, _) where isOver(header.epoch):
      // It has not heard yet that this plan is over.
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
    return [forget(index, .broken(name: name, stage: stage, reason: "\(message.kind) was not due"))]
  }

  /// Whether it is that of an earlier plan.
  private func isOver(_ epoch: UInt64) -> Bool { firstEpoch <= epoch && epoch < self.epoch }

  /// Takes in something of a worker that is no message.
  mutating func receiveUnreadable(from id: ID, reason: String) -> [Event] {
    guard let index = index(of: id) else { return [] }
    let member = members[index]
    return [forget(index, .broken(name: member.name, stage: member.stage, reason: reason))]
  }

  /// Whose connection it is.
  func owner(of connection: Int32) -> ID? { members.first { $0.connection == connection }?.id }

  /// A worker's connection has ended: a lost link is a lost worker.
  mutating func disconnected(_ id: ID) -> [Event] {
    guard let index = index(of: id) else { return [] }
    let member = members[index]
    let reason = "its connection ended (\(member.hello.address))"
    return [forget(index, .lost(name: member.name, stage: member.stage, reason: reason))]
  }

  /// Lets time pass: who was silent for too long is lost.
  ///
  /// - Parameter grace: how much longer than usual a stage may be silent, since it works on something large.
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

  /// The coordinator itself was held up, say with all of its machine: what was not heard meanwhile is nobody's silence.
  mutating func forgive(_ halt: Duration, now: UInt64) {
    let nanoseconds = UInt64(max(0, halt / .nanoseconds(1)))
    for index in members.indices { members[index].lastHeard = min(now, members[index].lastHeard + nanoseconds) }
  }

  // MARK: -

  private mutating func take(
    _ hello: Hello, _ header: Header, from id: ID, over connection: Int32?, now: UInt64
  ) -> [Event] {
    if let index = index(of: id) {
      // It repeats itself until it is answered, and counts from 0 each time.
      members[index].lastHeard = now
      if members[index].hello != hello {
        let (name, stage) = (members[index].name, members[index].stage)
        return [forget(index, .broken(name: name, stage: stage, reason: "it said another hello"))]
      }
      return []
    }
    let refusal: String? =
      if hello.programVersion != programVersion {
        "it is gpt2 \(hello.programVersion), the coordinator \(programVersion); run the same gpt2 on every host"
      } else if !hello.configuration.isEmpty, hello.configuration != configuration {
        "its checkpoint \(hello.folder) is of another shape than the coordinator's; give it the same --model, or none, to be sent the weights"
      } else if (try? Address(hello.address)) == nil {
        "it cannot be dialled at \(hello.address); give it --advertise tcp://HOST:PORT"
      } else if isServing {
        "the work has begun with the \(expected) workers asked for; start the coordinator with a larger --workers"
      } else if members.count >= max(expected, Self.memberLimit) {
        "there are \(members.count) workers already"
      } else { nil }
    if let refusal { return [.refused(id, name: hello.name, reason: refusal)] }
    // It asks again, and may have the place of one that does not become ready.
    if isAssigned { return [] }
    members.append(
      Member(
        id: id, name: unique(hello.name), hello: hello, connection: connection, standing: .welcomed,
        received: header.number &+ 1, lastHeard: now))
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

  private mutating func forget(_ index: Int, _ event: Event) -> Event {
    members.remove(at: index)
    return event
  }
}
