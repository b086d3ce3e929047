import Pipeline
import Platform
import TestSupport
import ZeroMQ

/// A message on its way, with the activations of a pass.
struct Parcel {
  let header: Header
  let message: Message
  var values: [UInt64]?
}

/// A socket that dials a listener, and dials it again when a connection has ended: libzmq does by itself.
final class Dial {
  enum Purpose { case control, data }

  let from: Process
  let life: Int
  let purpose: Purpose
  let to: Process
  /// Its routing id.
  let id: [UInt8]
  var session: Session?
  /// Said while there is no connection.
  var queued: [Parcel] = []
  /// Let go of.
  var isClosed = false
  /// Passes that the listener has said it has room for, less those that were sent.
  var credit = 0
  /// Whether a message was lost or came twice, or a connection ended.
  var isFaulty = false

  init(from: Process, _ purpose: Purpose, to: Process, id: [UInt8]) {
    (self.from, life, self.purpose, self.to, self.id) = (from, from.life, purpose, to, id)
  }

  /// Whether the process that dialled still has it.
  var isOwned: Bool { !isClosed && from.isRunning && from.life == life }
}

/// A connection of a ``Dial``.
final class Session {
  let dial: Dial
  let number: ConnectionNumber
  /// Of the listener.
  let life: Int
  /// Whether nothing passes any more, nor arrives.
  var isCut = false
  /// Whether whoever dialled is not told of that.
  var isHalfOpen = false
  /// The listener has another connection under the same routing id, so nothing of this one is read.
  let isUnheard: Bool
  /// Each way: the listener's first.
  var ways = [Way(), Way()]

  /// Messages keep their order.
  struct Way {
    var arrival: Instant = 0
    /// When the last byte came, whoever has looked at it.
    var heard: Instant = 0
    /// What waits since nothing passes, the oldest first; the end of the connection is nil.
    var stuck: [Parcel?] = []
    /// So many messages get lost, or come twice, though the connection stands.
    var losses = 0
    var copies = 0
  }

  init(_ dial: Dial, _ number: ConnectionNumber, isUnheard: Bool) {
    (self.dial, self.number, life, self.isUnheard) = (dial, number, dial.to.life, isUnheard)
  }

  func end(_ way: Int) -> Process { way == 0 ? dial.to : dial.from }

  /// Whether the process at an end is still the one that it was.
  func isThere(_ way: Int) -> Bool {
    way == 0 ? dial.to.isRunning && dial.to.life == life : dial.isOwned && dial.session === self
  }
}

/// Links on which something happens: those from one process to another, or any.
struct Path {
  var from: Process?
  var to: Process?
  var purpose: Dial.Purpose?
  /// Whether connections come about all the same.
  var connects = false

  func matches(_ session: Session, _ way: Int) -> Bool {
    let dial = session.dial
    let (sender, receiver) = way == 0 ? (dial.from, dial.to) : (dial.to, dial.from)
    return (from == nil || from === sender) && (to == nil || to === receiver)
      && (purpose == nil || purpose == dial.purpose)
  }
}
