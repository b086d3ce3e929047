/// The coordinator's own work, which is one more station that a micro-batch passes.
public struct CoordinatorLoad: Hashable, Sendable {
  public var host: String
  /// Cores of the host.
  public var cores: Int
  /// Threads it computes with.
  public var threads: Int
  /// Seconds that its part of a micro-batch takes it alone: embedding, ln_f and head.
  public var seconds: Double

  public init(host: String, cores: Int, threads: Int, seconds: Double) {
    self.host = host
    self.cores = cores
    self.threads = threads
    self.seconds = seconds
  }
}
