/// What comes over one direction of a data link: sees that no message is lost, repeated or of another epoch, and that no more
/// passes come than there is room for.
///
/// State only; it is shown every message that comes, in order, before anything else looks at it.
public struct IncomingLink: Hashable, Sendable {
  /// Whose messages come.
  public let end: LinkEnd
  public let epoch: Epoch
  /// Number of the message that has to come next.
  private var number: UInt64 = 0
  /// Passes that were granted and have not come.
  private var granted = 0
  private let omitted: Protections

  public init(from end: LinkEnd, epoch: Epoch, omitting omitted: Protections = []) {
    self.end = end
    self.epoch = epoch
    self.omitted = omitted
  }

  /// Checks and counts a message.
  ///
  /// - Throws: ``LinkError``; the link is of no use any more.
  public mutating func receive(_ header: Header, _ kind: Message.Kind) throws(LinkError) {
    if !omitted.contains(.dataNumbers) {
      guard header.number <= number else { throw .gap(expected: number, found: header.number) }
      guard header.number == number else { throw .duplicate(number: header.number, expected: number) }
    }
    guard end.sends(kind) else { throw .unexpected(kind, from: end) }
    guard header.epoch == epoch || omitted.contains(.dataEpoch) else {
      throw .otherEpoch(kind, found: header.epoch, expected: epoch)
    }
    number += 1
    guard kind == .pass else { return }
    guard granted > 0 || omitted.contains(.credit) else { throw .overCredit(sequence: header.sequence) }
    granted -= 1
  }

  /// The credit to send so that up to `window` passes may be under way, if it is worth a message: after `open` all of it, and
  /// then in batches of a quarter of the window.
  public mutating func grant(upTo window: Int) -> Credit? {
    let passes = window - granted
    guard passes >= max(1, window / 4) else { return nil }
    granted += passes
    return Credit(passes: passes)
  }
}
