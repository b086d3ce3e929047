internal import Pipeline
internal import Platform

// How a worker loses its place, and what it does then.

extension WorkerState {
  /// Its stage, if it is one, has no links any more.
  mutating func leavePlace() {
    guard case .member(let membership) = phase else { return }
    if links != nil { emit(.hangUpNext) }
    emit(.hear(false))
    if links != nil { membership.place = .none }
    cut = nil
  }

  /// A link of its stage is of no use any more: the coordinator is told, and makes another plan. Blocks stay.
  mutating func detach(_ side: LinkSide, _ reason: String, isUnanswered: Bool = false) {
    guard control.isWelcome, links != nil else { return }
    marks.insert(side == .incoming ? .detachedIncoming : .detachedOutgoing)
    // How far it came says whose request is to blame, if one is.
    beat(isDue: true)
    leavePlace()
    tell(.failure(Failure(reason: String(reason.prefix(1000)), link: side, isUnanswered: isUnanswered)))
    emit(.notify(.detached(reason: "the stage \(side == .incoming ? "before" : "behind") this one \(reason)")))
  }

  /// Says hello as somebody new: the coordinator is gone and may come again, or has given this worker up. Blocks stay.
  mutating func joinAgain(_ reason: String) {
    leavePlace()
    phase = .dialing
    isCoordinatorLost = false
    control = ControlLink(settings.hello, incarnation: nextIncarnation(), now: now)
    emit(.notify(.joiningAgain(reason: reason)))
    emit(.dialCoordinatorAgain(name: control.routingName))
  }

  /// Somebody wants it to end. A member serves on until the coordinator sends it away.
  mutating func leave() {
    guard leavingSince == nil else { return }
    guard control.isWelcome else {
      marks.insert(.leavesUnwelcome)
      return end()
    }
    leavingSince = now
    emit(.notify(.leaving))
    tell(.goodbye(Goodbye(reason: "")))
  }

  /// It is over, and well.
  mutating func end() {
    control.leave()
    phase = .left
    emit(.end(nil))
  }
}
