internal import Coordinator
internal import FoundationEssentials
public import GPT2
internal import Hummingbird
internal import HummingbirdCore
internal import LibC
internal import Logging
internal import NIOCore
internal import Platform

/// How a server listens and whom it lets in.
public struct ServerOptions: Sendable {
  public var host: String
  public var port: Int
  /// The name by which clients know the model.
  public var model: String
  public var version: String
  /// Whether the model is the toy that comes with the program.
  public var isDemo = false
  /// What its files say of tokens, for clients to look at.
  public var settings: ModelSettings?
  public var keys: APIKeys?
  /// Most texts that are written or wait at once.
  public var textLimit: Int
  /// How long what runs is given to finish at the end.
  public var drain: Duration
  /// From where pages of other sites may call.
  public var origins: AllowedOrigins
  /// Names that requests may be for, besides those of this machine; none lets a server of a network take any.
  public var hosts: [HostName]
  public var limits = ServerLimits()

  public init(
    host: String, port: Int, model: String, version: String, keys: APIKeys? = nil, textLimit: Int = 256,
    drain: Duration = .seconds(30), origins: AllowedOrigins = .none, hosts: [HostName] = []
  ) {
    (self.host, self.port, self.model, self.version) = (host, port, model, version)
    (self.keys, self.textLimit, self.drain, self.origins, self.hosts) = (keys, textLimit, drain, origins, hosts)
  }

  /// Whether only this machine can reach it; a name is looked up.
  public var isLoopback: Bool { (try? SocketAddress.makeAddressResolvingHost(host, port: port))?.isLoopback ?? true }
}
