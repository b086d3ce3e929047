internal import ZeroMQ

/// What callers of an engine ask of its thread.
enum Command {
  case submit(RequestID, Work, ClientID, Sink)
  case cancel(RequestID)
  case hold(RequestID)
  case resume(RequestID)
  /// A worker is known to have ended.
  case lose(name: String, start: Int, reason: String)
  /// These keys are let in from now on.
  case allow(AllowedKeys)
  case stop
}
