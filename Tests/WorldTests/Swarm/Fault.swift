/// Something that is done to the cluster at a moment; times in milliseconds.
struct Fault: Hashable, Sendable {
  enum Kind: String, CaseIterable, Sendable {
    /// The process ends without a word; it is started again after a while, if it lasts. The amount is 1 where its disk is lost.
    case kill
    /// Its machine is gone: nobody is told.
    case vanish
    /// None of its threads runs.
    case stop
    /// The thread that computes comes to no end, and says that it lives.
    case stuck
    /// A block takes it so many times as long.
    case slow
    /// Nothing passes to and from it. When that is over, what waited arrives late; or, by an amount of 1, connections are reset.
    case isolate
    /// Nothing passes from it to the other; the same with the amount, and by 2 or 3 of data alone.
    case mute
    /// Data links between it and the other come about, and nothing else passes on them; the same with the amount.
    case hush
    /// Everything between it and the others takes so many milliseconds longer.
    case lag
    /// Its link is reset: the control link, or the data link out of it by an amount of 1.
    case cut
    /// The same again and again, while it lasts.
    case flap
    /// The same, and only whoever listens is told; by an amount of 2 or 3 only whoever dialled.
    case halfOpen
    /// So many messages get lost on the data link out of it, or of its answers on the one into it where the amount is negative;
    /// or on its control link where the other is 1, in the same way.
    case lose
    /// So many messages come twice.
    case copy
    /// A worker more.
    case join
    /// A worker more that has the name of this one.
    case twin
    /// It ends, and cannot be started any more; or hangs the next time, by an amount of 1.
    case barren
    /// It is told to end.
    case leave

    /// Whether it happens to workers that are a session's own, on one machine.
    var isOfSession: Bool {
      switch self {
      case .kill, .stop, .stuck, .slow, .lag, .cut, .flap, .lose, .copy, .barren, .leave: true
      case .vanish, .isolate, .mute, .hush, .halfOpen, .join, .twin: false
      }
    }
  }

  /// Whether a worker is of no use while it lasts.
  var isOfWorker: Bool {
    switch kind {
    case .vanish, .stop, .stuck, .slow, .isolate, .mute, .hush: true
    default: false
    }
  }

  var kind: Kind
  /// The worker, counted from 1; 0 is the coordinator, −1 everybody.
  var target: Int
  var other = 0
  var at: Int
  /// 0 where it does not end by itself.
  var lasting = 0
  var amount = 0
}

extension Fault {
  var word: Word {
    Word(
      kind.rawValue,
      ["worker": target, "other": other, "at": at, "lasting": lasting, "amount": amount])
  }

  init?(_ word: Word) {
    guard let kind = Kind(rawValue: word.name) else { return nil }
    self.init(
      kind: kind, target: word["worker"], other: word["other"], at: word["at"], lasting: word["lasting"],
      amount: word["amount"])
  }
}
