public import GPT2
public import Pipeline

/// How a worker is reached, what it may use, and where its weights come from.
public struct WorkerOptions: Sendable {
  /// What people call it; at most 64 bytes.
  public var name: String
  /// Where the coordinator listens.
  public var coordinator: String
  /// Where the previous stage reaches this worker; port 0 chooses one.
  public var listen: String
  /// The address that others are told, where it is not the one listened on (behind NAT).
  public var advertise: String?
  /// How it proves that it is of the cluster; nil where nothing is encrypted.
  public var credentials: Credentials?
  public var weights: SliceSource
  public var threads: Int
  /// Most bytes of weights and cache.
  public var memory: Int
  /// How long the coordinator is waited for.
  public var patience: Duration
  /// Whether it dials again when the coordinator is gone, which may be started anew.
  public var isPatient = false
  /// How it was told to hold matrices in memory; nil where it takes what the coordinator has.
  public var weightChoice: WeightTypes.Choice?
  /// Which program this is: a coordinator of another build refuses it.
  public var build = ProgramVersion.current

  public init(
    name: String, coordinator: String, listen: String, advertise: String? = nil, credentials: Credentials? = nil,
    weights: SliceSource, threads: Int, memory: Int, patience: Duration = .seconds(300)
  ) {
    self.name = name
    self.coordinator = coordinator
    self.listen = listen
    self.advertise = advertise
    self.credentials = credentials
    self.weights = weights
    self.threads = threads
    self.memory = memory
    self.patience = patience
  }
}
