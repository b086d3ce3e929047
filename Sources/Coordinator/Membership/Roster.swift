internal import MicroBatching
internal import Pipeline
internal import Platform
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

    /// Whether it may ask for weights of blocks that it is to hold.
    var awaitsWeights: Bool { if case .ready = self { false } else { true } }
  }

  struct Member {
    let id: ID
    /// The name it gave, with a number where others have the same.
    let name: String
    let hello: Hello
    let caller: Caller
    /// When it said hello.
    let arrival: Instant
    /// Whether it has said more than hello: anybody who gets in can say that, and go.
    var hasReported = false
    var standing: Standing
    /// The blocks that it was told to hold.
    var holding: LayerRange = 0..<0
    /// Messages taken so far; the number the next one has.
    var received: UInt64
    /// Messages sent so far.
    var sent: UInt64 = 0
    var blockTimes: [BlockTime] = []
    var ready: Ready?
    var lastHeard: Instant
    /// Blocks run and tensors loaded.
    var progress: UInt64 = 0
    /// Micro-batches of the epoch that its stage has taken, and handed on.
    var taken: UInt64 = 0
    var passed: UInt64 = 0
    /// When any of these three changed last.
    var lastMoved: Instant
    /// Its monotonic clock less the coordinator's, in nanoseconds, by the quickest exchange so far.
    var clockOffset: Int64 = 0
    var quickestExchange = Duration.seconds(3600)

    var stage: Int? {
      switch standing {
      case .assigned(let stage), .ready(let stage): stage
      default: nil
      }
    }
  }

  typealias Caller = Pipeline.Caller

  enum Event: Equatable {
    /// Somebody new: to be welcomed.
    case welcome(ID)
    /// It has answered the welcome: it counts from now on.
    case joined(ID)
    /// It has measured what it was to measure.
    case measured(ID)
    /// Turned away.
    case refused(ID, name: String, reason: String)
    case wanted(ID, Wanted)
    /// All stages are ready.
    case ready
    /// It is gone: silent or cut off.
    case lost(name: String, stage: Int?, reason: String)
    /// It said that it cannot go on, and is gone.
    case failed(name: String, stage: Int?, reason: String)
    /// It said that a link of its stage does not work any more, and is gone.
    case linkFailed(name: String, stage: Int, LinkSide, reason: String)
    /// Its stage has had a micro-batch for so long and does nothing.
    case stalled(name: String, stage: Int, Duration)
    /// It said what it must not, and counts as gone.
    case broken(name: String, stage: Int?, reason: String)
    /// From nobody we know.
    case stranger(ID, reason: String)
  }

  let expected: Int
  let measures: Bool
  private let configuration: [UInt8]
  private let programVersion: String
  /// Whether workers dial in over a network or loopback, and not within this process.
  private let isRemote: Bool
  /// The keys that are let in, and the names of those that have one; nil where all share a key, or none is needed.
  private(set) var allowed: AllowedKeys?
  private(set) var members: [Member] = []
  private(set) var isAssigned = false
  /// Which plan the stages are of; grows from plan to plan.
  private(set) var epoch: Epoch

  /// How long a worker may be silent: before it serves, and while it does.
  static let joiningPatience = Duration.seconds(10)
  static let servingPatience = Duration.milliseconds(1400)
  /// How long a stage may have a micro-batch and do nothing, beyond ``grace(blockSeconds:)``.
  static let stallPatience = Duration.seconds(3)
  /// By how much a worker's own word on its speed can make others wait.
  static let longestGrace = Duration.seconds(30)
  /// What a worker's clock and the coordinator's may differ by.
  static let measuringSlack = Duration.seconds(1)
  /// Who takes longer for a block is of no use to the others.
  static let slowestBlock = Duration.seconds(10)
  /// Most workers that may dial in, and most from one address that have only said hello.
  static let memberLimit = 1024
  static let callerLimit = 64

  /// - Parameters:
  ///   - configuration: fingerprint of the model's configuration.
  ///   - incarnation: the coordinator's.
  init(
    expected: Int, measures: Bool, configuration: [UInt8], programVersion: String, incarnation: UInt64,
    isRemote: Bool = true,
    allowed: AllowedKeys? = nil
  ) {
    (self.isRemote, self.allowed) = (isRemote, allowed)
    self.expected = expected
    self.measures = measures
    self.configuration = configuration
    self.programVersion = programVersion
    epoch = Epoch(coordinator: incarnation, plan: 1)
  }

  func index(of id: ID) -> Int? { members.firstIndex { $0.id == id } }

  subscript(id: ID) -> Member? { index(of: id).map { members[$0] } }

  /// The workers that serve, stage by stage.
  var stages: [Member] {
    members.filter { $0.stage != nil }.sorted { $0.stage! < $1.stage! }
  }

  /// Whether every stage is ready.
  var isReady: Bool {
    isAssigned && stages.allSatisfy { if case .ready = $0.standing { true } else { false } }
  }

  /// The workers that can be given blocks.
  var candidates: [Member] {
    members.filter { $0.hasReported && $0.standing == (measures ? .measured : .welcomed) }
  }

  /// Workers that count, with blocks or without.
  var joined: [Member] { members.filter(\.hasReported) }

  /// How much longer than usual others are waited for, when a block takes the slowest of them so long, or so they say: a stage in
  /// the middle of something large is silent.
  static func grace(blockSeconds: Double) -> Duration { min(longestGrace, .seconds(4 * max(0, blockSeconds))) }

  /// Whether a plan is due: all expected workers are there and have measured what they were to measure.
  var isComplete: Bool { !isAssigned && candidates.count >= expected }

  /// The header of the next message to a worker.
  mutating func header(for id: ID) -> Header {
    // The epoch is nobody else's to know.
    guard let index = index(of: id) else { return Header(number: 0) }
    defer { members[index].sent += 1 }
    return Header(epoch: epoch, number: members[index].sent)
  }

  /// Gives each stage of the plan its worker and its blocks; those left out are spares, and hold nothing.
  mutating func assign(_ stages: [(id: ID, layers: LayerRange)]) {
    isAssigned = true
    for index in members.indices {
      let stage = stages.firstIndex { $0.id == members[index].id }
      members[index].standing = stage.map { .assigned(stage: $0) } ?? .spare
      members[index].holding = stage.map { stages[$0].layers } ?? 0..<0
      (members[index].taken, members[index].passed) = (0, 0)
    }
  }

  /// Takes the plan back, and with it the epoch: everybody waits for another one, and holds on to the blocks it has.
  mutating func unassign() {
    isAssigned = false
    epoch = epoch.next
    for index in members.indices {
      // A spare may have come too late to be measured.
      members[index].standing = measures && !members[index].blockTimes.isEmpty ? .measured : .welcomed
      members[index].ready = nil
    }
  }

  /// Takes in a message of a worker.
  mutating func receive(
    _ message: Message, _ header: Header, from id: ID, _ caller: Caller = Caller(), now: Instant
  ) -> [Event] {
    if case .hello(let hello) = message { return take(hello, header, from: id, caller, now: now) }
    guard let index = index(of: id) else {
      return [.stranger(id, reason: "sent \(message.kind) and is not of this cluster")]
    }
    let (name, stage) = (members[index].name, members[index].stage)
    guard members[index].caller.key == caller.key else {
      return [.stranger(id, reason: "sent \(message.kind) with another key than \(name) joined with")]
    }
    guard header.number == members[index].received else {
      let reason = "message \(members[index].received) is missing, \(header.number) came"
      return [forget(index, .broken(name: name, stage: stage, reason: reason))]
    }
    members[index].received += 1
    members[index].lastHeard = now
    return (report(id) ? [.joined(id)] : []) + take(message, header, of: index, now: now)
  }

  /// Notes that a member has said more than hello; whether it had not before.
  mutating func report(_ id: ID) -> Bool {
    guard let index = index(of: id), !members[index].hasReported else { return false }
    members[index].hasReported = true
    return true
  }

  /// Takes in a message that is not hello.
  private mutating func take(_ message: Message, _ header: Header, of index: Int, now: Instant) -> [Event] {
    let (id, name, stage) = (members[index].id, members[index].name, members[index].stage)
    switch (message, members[index].standing) {
    case (.heartbeat(let heartbeat), _):
      take(heartbeat, header.epoch, index, now)
      return []
    case (.failure(let failure), _):
      if let link = failure.link, let stage {
        return [forget(index, .linkFailed(name: name, stage: stage, link, reason: failure.reason))]
      }
      return [forget(index, .failed(name: name, stage: stage, reason: failure.reason))]
    case (.goodbye(let goodbye), _):
      let reason = goodbye.reason.isEmpty ? "it was ended" : goodbye.reason
      return [forget(index, .lost(name: name, stage: stage, reason: reason))]
    case (.measurement(let measurement), .welcomed) where measures,
      (.measurement(let measurement), .spare) where measures:
      guard !measurement.points.isEmpty, members[index].blockTimes.isEmpty else { break }
      let elapsed = max(.zero, now - members[index].arrival)
      let limit = min(elapsed + Self.measuringSlack, Self.slowestBlock) / .seconds(1)
      if let point = measurement.points.first(where: { $0.seconds > limit }) {
        let reason =
          "it says that a block of \(point.rows) rows takes it \(point.seconds) s, measured in \(elapsed.inSeconds)"
        return [forget(index, .broken(name: name, stage: stage, reason: reason))]
      }
      members[index].blockTimes = measurement.points
      if members[index].standing == .welcomed { members[index].standing = .measured }
      return [.measured(id)]
    case (.wanted, _) where header.epoch != epoch, (.ready, _) where header.epoch != epoch:
      // It has not heard yet that this plan is over.
      if header.epoch.isBefore(epoch) { return [] }
      let reason = "\(message.kind) is of epoch \(header.epoch), and this is \(epoch)"
      return [forget(index, .broken(name: name, stage: stage, reason: reason))]
    case (.wanted(let wanted), let standing) where standing.awaitsWeights && !members[index].holding.isEmpty:
      return [.wanted(id, wanted)]
    case (.ready(let ready), .assigned(let stage)):
      members[index].ready = ready
      members[index].standing = .ready(stage: stage)
      return isReady ? [.ready] : []
    case (.ready(let ready), let standing) where standing.awaitsWeights && !members[index].holding.isEmpty:
      members[index].ready = ready
      return []
    default: break
    }
    return [forget(index, .broken(name: name, stage: stage, reason: "\(message.kind) was not due"))]
  }

  /// Takes in something of a worker that is no message.
  mutating func receiveUnreadable(from id: ID, reason: String) -> [Event] {
    guard let index = index(of: id) else { return [] }
    let member = members[index]
    return [forget(index, .broken(name: member.name, stage: member.stage, reason: reason))]
  }

  /// Whose connection it is.
  func owner(of connection: ConnectionNumber) -> ID? { members.first { $0.caller.connection == connection }?.id }

  /// A worker's connection has ended: a lost link is a lost worker.
  mutating func disconnected(_ id: ID) -> [Event] {
    guard let index = index(of: id) else { return [] }
    let member = members[index]
    guard member.hasReported else {
      members.remove(at: index)
      return []
    }
    let reason = "its connection ended (\(member.hello.address))"
    return [forget(index, .lost(name: member.name, stage: member.stage, reason: reason))]
  }

  /// Lets time pass: who was silent for too long is lost.
  ///
  /// - Parameter grace: how much longer than usual a stage may be silent, or do nothing, since it works on something large.
  mutating func tick(now: Instant, grace: Duration = .zero) -> [Event] {
    var events: [Event] = []
    for index in members.indices.reversed() {
      let member = members[index]
      let isServing = if case .ready = member.standing { true } else { false }
      let patience = (isServing ? Self.servingPatience : Self.joiningPatience) + grace
      let silence = max(.zero, now - member.lastHeard)
      if case .ready(let stage) = member.standing, member.taken > member.passed {
        let stall = max(.zero, now - member.lastMoved)
        if stall > Self.stallPatience + grace { events.append(.stalled(name: member.name, stage: stage, stall)) }
      }
      guard silence > patience else { continue }
      guard member.hasReported else {
        members.remove(at: index)
        continue
      }
      let reason = "nothing heard of it at \(member.hello.address) for \(silence.inSeconds)"
      events.append(forget(index, .lost(name: member.name, stage: member.stage, reason: reason)))
    }
    return events
  }

  /// The coordinator itself was held up, say with all of its machine: what was not heard meanwhile is nobody's silence.
  mutating func forgive(_ halt: Duration, now: Instant) {
    for index in members.indices {
      members[index].lastHeard = min(now, members[index].lastHeard + halt)
      members[index].lastMoved = min(now, members[index].lastMoved + halt)
    }
  }

  /// Lets in these keys from now on.
  ///
  /// - Returns: the members whose keys are not among them.
  mutating func allow(_ keys: AllowedKeys) -> [Member] {
    allowed = keys
    return members.filter { member in member.caller.key.map { keys.names[$0] == nil } ?? false }
  }

  /// Forgets a member whose key was withdrawn.
  mutating func withdraw(_ id: ID) -> [Event] {
    guard let index = index(of: id) else { return [] }
    let member = members[index]
    let reason = "its key is not among the allowed ones any more"
    return [forget(index, .lost(name: member.name, stage: member.stage, reason: reason))]
  }

  // MARK: -

  private mutating func take(
    _ hello: Hello, _ header: Header, from id: ID, _ caller: Caller, now: Instant
  ) -> [Event] {
    if let index = index(of: id) {
      guard members[index].caller.key == caller.key else {
        return [.stranger(id, reason: "said hello with another key than \(members[index].name) joined with")]
      }
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
      } else if let problem = problem(of: hello, caller) {
        problem
      } else if isReady {
        "the work has begun with the \(expected) workers asked for; start the coordinator with a larger --workers"
      } else { nil }
    if let refusal { return [.refused(id, name: hello.name, reason: refusal)] }
    // It asks again, and may have the place of one that does not become ready.
    if isAssigned { return [] }
    guard makeRoom(for: caller) else {
      return [.refused(id, name: hello.name, reason: "there are \(members.count) workers already")]
    }
    let unreachable = caller.isElsewhere ? dropLoopback(since: hello.name) : []
    members.append(
      Member(
        id: id, name: unique(hello.name), hello: hello, caller: caller, arrival: now, standing: .welcomed,
        received: header.number &+ 1, lastHeard: now, lastMoved: now))
    return unreachable + [.welcome(id)]
  }

  /// Forgets who has only said hello, where there are too many of them: of this address, or in all. The oldest goes first, since
  /// whoever means it says more within milliseconds.
  private mutating func makeRoom(for caller: Caller) -> Bool {
    func oldest(where isOne: (Member) -> Bool) -> Int? {
      members.indices.filter { !members[$0].hasReported && isOne(members[$0]) }
        .min { members[$0].arrival < members[$1].arrival }
    }
    let isNeighbor = { (member: Member) in member.caller.host == caller.host }
    if members.count(where: { !$0.hasReported && isNeighbor($0) }) >= max(Self.callerLimit, 2 * expected),
      let index = oldest(where: isNeighbor)
    {
      members.remove(at: index)
    }
    guard members.count >= max(expected, Self.memberLimit) else { return true }
    guard let index = oldest(where: { _ in true }) else { return false }
    members.remove(at: index)
    return true
  }

  /// Why nobody could dial the address that a worker gives, or why the worker is not whom it says; nil when all is well.
  private func problem(of hello: Hello, _ caller: Caller) -> String? {
    if let allowed, let key = caller.key {
      guard let name = allowed.names[key] else { return "its key is not among the allowed ones" }
      if name != hello.name, allowed.names.values.contains(hello.name) {
        return "the name \(hello.name) belongs to another key; give this worker another --name"
      }
    }
    guard isRemote else { return nil }
    let advice = "start it with --advertise tcp://HOST:PORT, the address that the other hosts reach it at"
    guard let address = try? Address(hello.address), case .tcp(_, let port) = address else {
      return "it announced \(hello.address), which cannot be dialled; \(advice)"
    }
    if address.isWildcard { return "it announced \(hello.address), which stands for every interface; \(advice)" }
    if port == 0 { return "it announced \(hello.address), and port 0 cannot be dialled; \(advice)" }
    guard address.isLocal else { return nil }
    let other = members.first { $0.caller.isElsewhere }
    guard caller.isElsewhere || other != nil else { return nil }
    return Self.loopback(hello.address, other: caller.isElsewhere ? "the coordinator" : other!.name)
  }

  /// Turns away those that only their own host can dial, when somebody of another host has come.
  private mutating func dropLoopback(since newcomer: String) -> [Event] {
    let unreachable = members.filter { (try? Address($0.hello.address))?.isLocal ?? false }
    guard isRemote, !unreachable.isEmpty else { return [] }
    members.removeAll { member in unreachable.contains { $0.id == member.id } }
    return unreachable.map {
      .refused($0.id, name: $0.name, reason: Self.loopback($0.hello.address, other: newcomer))
    }
  }

  private static func loopback(_ address: String, other: String) -> String {
    "it announced \(address), which \(other) on another host cannot dial; start it with the coordinator's address that other "
      + "hosts use in --coordinator, or with --listen or --advertise tcp://HOST:PORT"
  }

  /// Workers of the same name are told apart by a number.
  private func unique(_ name: String) -> String {
    let names = Set(members.map(\.name))
    guard names.contains(name) else { return name }
    return (2...).lazy.map { "\(name)-\($0)" }.first { !names.contains($0) }!
  }

  private mutating func take(_ heartbeat: Heartbeat, _ epoch: Epoch, _ index: Int, _ now: Instant) {
    let isCurrent = epoch == self.epoch
    let (taken, passed) = isCurrent ? (heartbeat.taken, heartbeat.passed) : (0, 0)
    let member = members[index]
    if (member.progress, member.taken, member.passed) != (heartbeat.progress, taken, passed) || taken <= passed {
      members[index].lastMoved = now
    }
    members[index].progress = heartbeat.progress
    (members[index].taken, members[index].passed) = (taken, passed)
    guard heartbeat.pulse != 0, heartbeat.time >= heartbeat.pulseArrival else { return }
    let held = Duration.nanoseconds(Int64(clamping: heartbeat.time - heartbeat.pulseArrival))
    let exchange = now - Instant(nanoseconds: heartbeat.pulse) - held
    guard exchange >= .zero, exchange < members[index].quickestExchange else { return }
    members[index].quickestExchange = exchange
    // Half of the exchange each way.
    members[index].clockOffset =
      Int64(truncatingIfNeeded: heartbeat.time) &- Int64(truncatingIfNeeded: (now - exchange / 2).nanoseconds)
  }

  private mutating func forget(_ index: Int, _ event: Event) -> Event {
    members.remove(at: index)
    return event
  }
}
