internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

// Who is let in, and who has to go.

extension Roster {
  mutating func take(
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
      } else if !hello.weights.isEmpty, hello.weights != weights {
        "it was started with --weights \(hello.weights), the coordinator holds them as \(weights); leave --weights out, or give it \(weights)"
      } else { problem(of: hello, caller) }
    if let refusal { return [.refused(id, name: hello.name, reason: refusal)] }
    let replaced = forgetEarlier(hello, caller)
    guard makeRoom(for: caller) else {
      return [.refused(id, name: hello.name, reason: "there are \(members.count) workers already")]
    }
    let unreachable = caller.isElsewhere ? dropLoopback(since: hello.name) : []
    members.append(
      Member(
        id: id, name: unique(hello.name), hello: hello, caller: caller, arrival: now, standing: .welcomed,
        received: header.number &+ 1, lastHeard: now, lastMoved: now, lastLoaded: now))
    return unreachable + [.welcome(id)] + replaced
  }

  /// A process is one member: what it was before it said hello anew is gone, though its connection may not have ended.
  private mutating func forgetEarlier(_ hello: Hello, _ caller: Caller) -> [Event] {
    guard hello.process != 0, !omitted.contains(.replacing),
      let index = members.firstIndex(where: { $0.hello.process == hello.process && $0.caller.key == caller.key })
    else { return [] }
    let member = members[index]
    return [forget(index, .replaced(name: member.name, stage: member.stage))]
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
    guard address.isLocal else {
      // Who serves stays.
      guard caller.isElsewhere, hasServed, let member = members.first(where: { isLoopback($0) }) else { return nil }
      return
        "\(member.name) serves, and announced \(member.hello.address), which other hosts cannot dial; \(Self.remedy)"
    }
    let other = members.first { $0.caller.isElsewhere }
    guard caller.isElsewhere || other != nil else { return nil }
    return Self.loopback(hello.address, other: caller.isElsewhere ? "the coordinator" : other!.name)
  }

  /// Turns away those that only their own host can dial, when somebody of another host has come.
  private mutating func dropLoopback(since newcomer: String) -> [Event] {
    let unreachable = members.filter(isLoopback)
    guard isRemote, !unreachable.isEmpty else { return [] }
    members.removeAll { member in unreachable.contains { $0.id == member.id } }
    return unreachable.map {
      .refused($0.id, name: $0.name, reason: Self.loopback($0.hello.address, other: newcomer))
    }
  }

  /// Whether only its own host can dial it.
  private func isLoopback(_ member: Member) -> Bool { (try? Address(member.hello.address))?.isLocal ?? false }

  private static func loopback(_ address: String, other: String) -> String {
    "it announced \(address), which \(other) on another host cannot dial; \(remedy)"
  }

  private static let remedy =
    "start it with the coordinator's address that other hosts use in --coordinator, or with --listen or --advertise tcp://HOST:PORT"

  /// Workers of the same name are told apart by a number.
  private func unique(_ name: String) -> String {
    let names = Set(members.map(\.name))
    guard names.contains(name) else { return name }
    return (2...).lazy.map { "\(name)-\($0)" }.first { !names.contains($0) }!
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
}
