internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

extension Roster {
  /// How much longer than usual others are waited for, when a block takes the slowest of them so long, or so they say: a stage in
  /// the middle of something large is silent.
  static func grace(blockSeconds: Double) -> Duration { min(longestGrace, .seconds(4 * max(0, blockSeconds))) }

  /// Lets time pass: who was silent for too long is lost.
  ///
  /// - Parameters:
  ///   - grace: how much longer than usual a stage may be silent, or do nothing, since it works on something large.
  ///   - isUrgent: whether work waits for them.
  mutating func tick(now: Instant, grace: Duration = .zero, isUrgent: Bool = false) -> [Event] {
    var events = stuckLoading(now: now, grace: grace)
    for index in members.indices.reversed() {
      let member = members[index]
      let patience = (isUrgent && !member.isBusy ? Self.servingPatience : Self.joiningPatience) + grace
      let silence = max(.zero, now - member.lastHeard)
      if case .ready(let stage) = member.standing, member.taken > member.passed {
        let stall = max(.zero, now - member.lastMoved)
        if stall > Self.stallPatience + grace {
          events.append(.stalled(member.id, name: member.name, stage: stage, stall))
        }
      }
      if case .assigned = member.standing {
        let since = member.lastCurrent ?? now
        members[index].lastCurrent = since
        if now - since > Self.joiningPatience + grace, !omitted.contains(.assignmentPatience) {
          marks.insert(.assignmentIgnored)
          let reason = "it lives, and has not taken up its stage for \((now - since).inSeconds)"
          events.append(forget(index, .lost(name: member.name, stage: member.stage, reason: reason)))
          continue
        }
      }
      guard silence > patience, !omitted.contains(.controlSilence) else { continue }
      guard member.hasReported else {
        members.remove(at: index)
        continue
      }
      let reason = "nothing heard of it at \(member.hello.address) for \(silence.inSeconds)"
      events.append(forget(index, .lost(name: member.name, stage: member.stage, reason: reason)))
    }
    return events
  }

  /// The last of the stages that load, when none of them has come on for long: those before it wait for it to answer.
  private mutating func stuckLoading(now: Instant, grace: Duration) -> [Event] {
    let loading = members.indices.filter { if case .assigned = members[$0].standing { true } else { false } }
    guard let last = loading.max(by: { members[$0].stage! < members[$1].stage! }),
      let newest = loading.map({ members[$0].lastLoaded }).max(), now - newest > Self.loadingPatience + grace,
      !omitted.contains(.linkPatience)
    else { return [] }
    marks.insert(.loadingStuck)
    let (name, stage) = (members[last].name, members[last].stage)
    let reason = "it lives, and has come no further with its blocks for \((now - newest).inSeconds)"
    return [forget(last, .lost(name: name, stage: stage, reason: reason))]
  }

  /// The coordinator itself was held up, say with all of its machine: what was not heard meanwhile is nobody's silence.
  mutating func forgive(_ halt: Duration, now: Instant) {
    for index in members.indices {
      members[index].lastHeard = min(now, members[index].lastHeard + halt)
      members[index].lastMoved = min(now, members[index].lastMoved + halt)
      members[index].lastLoaded = min(now, members[index].lastLoaded + halt)
      members[index].lastCurrent = members[index].lastCurrent.map { min(now, $0 + halt) }
    }
  }
}
