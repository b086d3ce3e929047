internal import Platform

/// A cluster as far as its speed goes: processes on hosts, and links between them.
public struct PipeModel: Hashable, Sendable {
  public struct Host: Hashable, Sendable {
    public var cores: Int
    /// Bytes that all its cores together read from memory in a second.
    public var memoryRate: Double

    public init(cores: Int, memoryRate: Double = .infinity) {
      self.cores = cores
      self.memoryRate = memoryRate
    }
  }

  public struct Stage: Hashable, Sendable {
    /// Index into the hosts.
    public var host: Int
    public var threads: Int
    public var blockCount: Int
    public var cost: CostModel

    public init(host: Int, threads: Int, blockCount: Int, cost: CostModel) {
      self.host = host
      self.threads = threads
      self.blockCount = blockCount
      self.cost = cost
    }
  }

  public struct Coordinator: Hashable, Sendable {
    /// Index into the hosts.
    public var host: Int
    public var threads: Int
    public var costs: EdgeCosts

    public init(host: Int, threads: Int, costs: EdgeCosts) {
      self.host = host
      self.threads = threads
      self.costs = costs
    }
  }

  /// What a message meets on its way from one process to the next.
  public struct Link: Hashable, Sendable {
    /// Seconds from the last byte sent to the message received.
    public var latency: Double
    /// Bytes a second.
    public var bandwidth: Double
    /// Processor time of sender and receiver each: seconds for a message, and for a byte of it.
    public var messageSeconds: Double
    public var byteSeconds: Double

    public init(latency: Double, bandwidth: Double, messageSeconds: Double = 15e-6, byteSeconds: Double = 0.25e-9) {
      self.latency = latency
      self.bandwidth = bandwidth
      self.messageSeconds = messageSeconds
      self.byteSeconds = byteSeconds
    }

    /// Between processes of one host, over TCP: what a hop between stages that work in between was measured to take (0.32 to
    /// 0.44 ms), since whoever waits is asleep, and the throughput of libzmq.
    public static let loopback = Link(latency: 350e-6, bandwidth: 1.7e9)
    /// Nothing to cross: one process does it all.
    public static let none = Link(latency: 0, bandwidth: .infinity, messageSeconds: 0, byteSeconds: 0)
  }

  public var hosts: [Host]
  public var stages: [Stage]
  public var coordinator: Coordinator
  /// Between processes of different hosts.
  public var network: Link
  /// Between processes of one host.
  public var local: Link

  /// - Precondition: at least one stage, and every host index is one of `hosts`.
  public init(
    hosts: [Host], stages: [Stage], coordinator: Coordinator, network: Link = .loopback, local: Link = .loopback
  ) {
    precondition(!stages.isEmpty && hosts.indices.contains(coordinator.host))
    precondition(stages.allSatisfy { hosts.indices.contains($0.host) && $0.blockCount >= 1 && $0.threads >= 1 })
    self.hosts = hosts
    self.stages = stages
    self.coordinator = coordinator
    self.network = network
    self.local = local
  }

  /// The link that leads into `station`; 0 is the coordinator, stage i is station i + 1.
  func link(into station: Int) -> Link {
    let from = station == 0 ? stages.count : station - 1
    return host(of: from) == host(of: station) ? local : network
  }

  func host(of station: Int) -> Int { station == 0 ? coordinator.host : stages[station - 1].host }

  func threads(of station: Int) -> Int {
    let threads = station == 0 ? coordinator.threads : stages[station - 1].threads
    return min(threads, hosts[host(of: station)].cores)
  }
}
