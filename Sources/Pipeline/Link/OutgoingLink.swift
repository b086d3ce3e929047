/// The sending side of one direction of a link: numbers its messages, and knows how many passes the receiver has room for.
///
/// State only; whoever owns the socket sends what it says.
public struct OutgoingLink: Hashable, Sendable {
  /// The epoch that messages are sent in.
  public private(set) var epoch: UInt64
  /// Passes that the receiver has room for.
  public private(set) var credit = 0
  private var number: UInt64 = 0
  /// Whether the last message was a pass, for ``takeBack(_:)``.
  private var tookCredit = false

  public init(epoch: UInt64 = 0) {
    self.epoch = epoch
  }

  /// Whether a pass may be sent.
  public var canSend: Bool { credit > 0 }

  /// Sends in `epoch` from now on. When it is a later one, credit has to be granted anew, and `open` comes next on a data
  /// link; numbers go on. Traps when it is an earlier one.
  public mutating func begin(epoch: UInt64) {
    precondition(epoch >= self.epoch, "epoch \(epoch) after \(self.epoch)")
    guard epoch > self.epoch else { return }
    self.epoch = epoch
    credit = 0
    tookCredit = false
  }

  /// The header of the next message, which is not a pass.
  public mutating func header() -> Header { next(sequence: 0, attempt: 0, takingCredit: false) }

  /// The header of the next message, a pass; takes one credit. Traps when there is none, see ``canSend``.
  public mutating func header(sequence: UInt64, attempt: UInt32 = 0) -> Header {
    precondition(canSend, "a pass without credit")
    credit -= 1
    return next(sequence: sequence, attempt: attempt, takingCredit: true)
  }

  /// The message of `header`, the last one that was made, could not be sent: number and credit are there again.
  public mutating func takeBack(_ header: Header) {
    precondition(header.epoch == epoch && header.number + 1 == number, "only the last message can be taken back")
    number -= 1
    if tookCredit { credit += 1 }
    tookCredit = false
  }

  /// The receiver grants room for more passes.
  public mutating func receive(_ grant: Credit) throws(LinkError) {
    let limit = WireLimits.credits.upperBound
    guard grant.passes <= limit - credit else {
      throw .tooMuchCredit(held: credit, granted: grant.passes, limit: limit)
    }
    credit += grant.passes
  }

  private mutating func next(sequence: UInt64, attempt: UInt32, takingCredit: Bool) -> Header {
    defer { number += 1 }
    tookCredit = takingCredit
    return Header(epoch: epoch, number: number, sequence: sequence, attempt: attempt)
  }
}
