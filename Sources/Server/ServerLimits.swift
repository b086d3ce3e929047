/// Bounds on what one request may ask for, and on connections.
public struct ServerLimits: Sendable {
  /// Bytes of a request's body: enough for all prompts of a request at GPT-2's context, as token ids.
  public var bodyBytes = 1 << 20
  public var prompts = 128
  /// Texts of a request for embeddings, as many as OpenAI takes, and the bytes for all of them at GPT-2's context.
  public var embeddingInputs = 2048
  public var embeddingBodyBytes = 16 << 20
  /// How many of them are in the pipe or wait for it at once.
  public var embeddingsAtOnce = 32
  /// Bytes of all bodies together that are read and not yet understood.
  public var allBodyBytes = 256 << 20
  /// `n` and `best_of`.
  public var choices = 32
  /// Texts that one request writes: prompts times `best_of`.
  public var textsPerRequest = 128
  public var logProbabilities = 20
  /// Most connections at once, if the process may have so many descriptors.
  public var connections = 1024
  /// How many descriptors the process may have now.
  public var descriptors: @Sendable () -> Int = { .max }
  /// Most connections of one address that wait for a request, and how long one has to have waited to be counted.
  public var idlePerAddress = 64
  public var idleGrace = Duration.seconds(1)
  /// For a request's head: since its connection began, or since the first byte of a later one.
  public var head = Duration.seconds(15)
  /// For a connection's next request, and between two pieces of one.
  public var idle = Duration.seconds(60)
  /// For all of a request's body.
  public var body = Duration.seconds(30)
  /// For a client who takes nothing of its answer.
  public var stall = Duration.seconds(30)
  /// For a client to close a connection after its last answer.
  public var linger = Duration.seconds(2)

  public init() {}
}
