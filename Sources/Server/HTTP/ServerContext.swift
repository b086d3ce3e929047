public import Coordinator
public import Hummingbird
public import NIOCore

/// What is known of a request besides itself.
public struct ServerContext: RequestContext {
  public var coreContext: CoreRequestContextStorage
  /// The connection that it came by.
  public let channel: any Channel
  /// Names the request in its answer and in the log.
  public let requestID: String
  /// On whose behalf it comes: by its key, or else by its address.
  public var client: ClientID

  public init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    // All equally long: there are tools that take answers of other lengths for failures.
    requestID = "req-" + String(repeating: "0", count: 13 - digits.count) + digits
    client = ClientID(UInt64(truncatingIfNeeded: ClientAddress(source.channel.remoteAddress).hashValue))
  }

  /// The client's address without its port.
  static func host(of channel: any Channel) -> String { channel.remoteAddress?.ipAddress ?? "local" }
}
