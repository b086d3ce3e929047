internal import LibC
internal import Platform

/// Something to wait for.
public enum PollItem {
  /// Until a message can be received.
  case socket(Socket)
  /// Until there is an event.
  case monitor(Monitor)
  /// Until somebody called ``Wakeup/wake()``.
  case wakeup(Wakeup)
}

extension PollItem {
  /// Where messages come, unless it is something else.
  var socket: Socket? {
    switch self {
    case .socket(let socket): socket
    case .monitor(let monitor): monitor.events
    case .wakeup: nil
    }
  }

  var descriptor: Int32 {
    switch self {
    case .socket(let socket): socket.descriptor
    case .monitor(let monitor): monitor.events.descriptor
    case .wakeup(let wakeup): wakeup.readEnd
    }
  }
}
