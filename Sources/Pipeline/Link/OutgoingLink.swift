/// What goes over one direction of a data link: numbers its messages, and knows how many passes the receiver has room for.
///
/// State only; whoever owns the socket sends what it says.
public struct OutgoingLink: Hashable, Sendable {
  public let epoch: Epoch
  /// Passes that the receiver has room for.
  public private(set) var credit = 0
  private var number: UInt64 = 0
  private let omitted: Protections

  public init(epoch: Epoch, omitting omitted: Protections = []) {
    self.epoch = epoch
    self.omitted = omitted
  }

  /// Whether a pass may be sent.
  public var canSend: Bool { credit > 0 || omitted.contains(.credit) }

  /// The header of the next message, which is not a pass.
  public mutating func header() -> Header {
    defer { number += 1 }
    return Header(epoch: epoch, number: number)
  }

  /// The header of the next message, a pass; takes one credit. Traps when there is none, see ``canSend``.
  public mutating func header(sequence: UInt64) -> Header {
    precondition(canSend, "a pass without credit")
    credit -= 1
    defer { number += 1 }
    return Header(epoch: epoch, number: number, sequence: sequence)
  }

  /// The receiver grants room for more passes.
  public mutating func receive(_ grant: Credit) throws(LinkError) {
    let limit = WireLimits.credits.upperBound
    guard grant.passes <= limit - credit else {
      throw .tooMuchCredit(held: credit, granted: grant.passes, limit: limit)
    }
    credit += grant.passes
  }
}
