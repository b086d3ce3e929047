internal import ZeroMQ

/// A message and whom it is for, over a listening socket.
public struct Answer: Hashable, Sendable {
  public var peer: [UInt8]
  public var header: Header
  public var message: Message

  public init(to peer: [UInt8], _ header: Header, _ message: Message) {
    (self.peer, self.header, self.message) = (peer, header, message)
  }
}
