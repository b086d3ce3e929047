public import ZeroMQ

extension Socket.Options {
  /// How long a socket that was closed goes on sending: goodbyes, refusals and failures are its last words.
  private static let lastWords = Duration.seconds(1)

  /// Of a process's one listening socket.
  public static func inbox(_ security: Security) -> Socket.Options {
    var options = Socket.Options()
    options.linger = lastWords
    options.security = security
    return options
  }

  /// Of a socket that dials a member of the cluster.
  public static func dialing(_ security: Security) -> Socket.Options {
    var options = Socket.Options()
    options.linger = lastWords
    options.security = security
    // More than credit lets be under way, so that there is always room.
    options.highWaterMark = 2 * WireLimits.credits.upperBound
    return options
  }
}
