/// The receiving side of one direction of a link: sees that no message is lost, repeated or of another epoch, and that
/// no more passes come than there is room for.
///
/// State only; it is shown every message that comes, in order, before anything else looks at it.
public struct IncomingLink: Hashable, Sendable {
  /// Whose messages come.
  public let end: LinkEnd
  /// The epoch whose messages are taken.
  public private(set) var epoch: UInt64
  /// Number of the message that has to come next.
  private var number: UInt64 = 0
  /// Passes that were granted and have not come.
  private var granted = 0
  /// Passes that have come and were not consumed.
  public private(set) var held = 0

  public init(from end: LinkEnd, epoch: UInt64 = 0) {
    self.end = end
    self.epoch = epoch
  }

  /// Takes messages of `epoch` from now on. When it is another one, passes that are held are forgotten and credit has to
  /// be granted anew. Messages that begin an epoch do this by themselves.
  public mutating func begin(epoch: UInt64) {
    guard epoch != self.epoch else { return }
    self.epoch = epoch
    granted = 0
    held = 0
  }

  /// Checks and counts a message; `assignment` and `open` begin their epoch, unless it is an earlier one.
  ///
  /// See ``LinkError`` for what may follow an error. The epoch that a message began is the peer's word: whoever knows
  /// better says so with ``begin(epoch:)``.
  public mutating func receive(_ header: Header, _ kind: Message.Kind) throws(LinkError) {
    guard header.number <= number else { throw .gap(expected: number, found: header.number) }
    guard header.number == number else { throw .duplicate(number: header.number, expected: number) }
    guard end.sends(kind) else { throw .unexpected(kind, from: end) }
    // Counted before its epoch is looked at: a message that is dropped for it leaves no gap.
    number += 1
    guard kind.hasEpoch else { return }
    guard header.epoch >= epoch else { throw .staleEpoch(kind, found: header.epoch, expected: epoch) }
    if kind.beginsEpoch {
      begin(epoch: header.epoch)
    } else if header.epoch > epoch {
      throw .futureEpoch(kind, found: header.epoch, expected: epoch)
    }
    guard kind == .pass else { return }
    guard granted > 0 else { throw .overCredit(sequence: header.sequence) }
    granted -= 1
    held += 1
  }

  /// The pass of `header` was consumed: its room is free again, unless its epoch is over. Traps when none is held.
  public mutating func consume(_ header: Header) {
    guard header.epoch == epoch else { return }
    precondition(held > 0, "no pass is held")
    held -= 1
  }

  /// The credit to send so that up to `window` passes may be under way or held, if it is worth a message: after `open`
  /// all of it, and then in batches of a quarter of the window.
  public mutating func grant(upTo window: Int) -> Credit? {
    let passes = window - granted - held
    guard passes >= max(1, window / 4) else { return nil }
    granted += passes
    return Credit(passes: passes)
  }
}
