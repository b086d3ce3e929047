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

  /// Of a socket that dials a member of the cluster, which knows it by `name`.
  public static func dialing(_ security: Security, name: String) -> Socket.Options {
    var options = Socket.Options()
    options.linger = lastWords
    options.routingID = Array(name.utf8.prefix(200))
    options.security = security
    return options
  }
}
