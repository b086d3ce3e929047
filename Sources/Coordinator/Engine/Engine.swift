public import GPT2
internal import Pipeline
internal import Platform
internal import Synchronization
public import ZeroMQ

/// Runs requests over a pipe of stages: takes them as they come, from any number of callers, and gives each its own stream of
/// results.
///
/// What a request yields depends neither on the cluster nor on the requests beside it, bit for bit.
public final class Engine: Sendable {
  public let configuration: Configuration
  /// Threads and instruction set of the coordinator's own work.
  public let threads: Int
  public let kernels: String
  private let mailbox: Mailbox
  private let statisticsBox: StatisticsBox
  private let nextID = Mutex<UInt64>(0)

  /// Undelivered results from which on a request is held until its reader has caught up.
  private static let tokenLimit = 256
  /// Without alternatives; with N of them to a token a piece is that many times as large, and fewer are kept.
  private static let scoreLimit = 1024
  private static let hiddenLimit = 64
  /// Logits are large: 64 rows of GPT-2's are 13 MB.
  private static let logitLimit = 4

  /// Begins to listen for workers; they, and ``ready()``, may come in any order.
  ///
  /// - Parameter notify: told on the engine's thread how the cluster comes together.
  /// - Throws: ``ZeroMQError`` when it cannot listen; ``KernelsError``.
  public init(
    _ checkpoint: Checkpoint, options: EngineOptions, context: Context,
    notify: @escaping @Sendable (EngineNotice) -> Void = { _ in }
  ) throws {
    configuration = checkpoint.configuration
    threads = options.threads
    kernels = try Kernels.selected().name
    let mailbox = try Mailbox()
    let statisticsBox = StatisticsBox(timelineLimit: options.timelineLimit)
    (self.mailbox, self.statisticsBox) = (mailbox, statisticsBox)
    let listening = OneShot<Result<String, any Error>>()
    // The engine's sockets belong to its thread from the beginning.
    thread = try JoinableThread { [isOver] in
      defer { isOver.set(()) }
      do {
        let driver = try EngineDriver(checkpoint, options, context, mailbox, statisticsBox, notify: notify)
        listening.set(.success(driver.listening))
        driver.run()
      } catch {
        _ = mailbox.close(error)
        listening.set(.failure(error))
      }
    }
    do {
      address = try listening.wait().get()
    } catch {
      thread.join()
      throw error
    }
  }

  deinit {
    mailbox.post(.stop)
    thread.join()
  }

  /// Where workers dial in.
  public let address: String
  private let thread: JoinableThread
  private let isOver = OneShot<Void>()

  /// Waits until every stage is ready, and says who holds what.
  ///
  /// - Throws: ``ClusterError`` when no cluster comes to be.
  public func ready() async throws -> [StageDescription] { try await mailbox.ready() }

  /// Writes on: one update for each token.
  ///
  /// - Parameters:
  ///   - client: whose turn the request takes when many wait; clients take turns.
  ///   - pace: what happens when its reader is slower than it is written.
  ///   - written: called on the engine's thread for each token as it is written; must not block.
  /// - Throws: while reading ``SamplingError``, ``AdmissionError``, ``ClusterError``.
  public func generate(
    _ generation: Generation, client: ClientID = ClientID(), pace: Pace = .ofReader,
    written: @escaping @Sendable () -> Void = {}
  ) -> Results<Generation.Update> {
    let limit =
      switch pace {
      case .ofReader: Self.tokenLimit
      // More than a context a text never has.
      case .own: configuration.positionCount + 1
      }
    return submit(.generate(generation), client, limit: limit) {
      guard case .token(let update) = $0 else { return nil }
      written()
      return update
    }
  }

  /// Whether a text waits for its reader.
  public enum Pace: Sendable {
    /// It is held while many of its tokens are unread; it keeps its slot meanwhile.
    case ofReader
    /// It is written on, and kept until it is read: at most a context of tokens. Its slot is soon another's.
    case own
  }

  /// Scores given tokens: each but the first with its log p in nats and the likeliest in its place, in order, piece by
  /// piece.
  public func score(_ scoring: Scoring, client: ClientID = ClientID()) -> Results<[SampledToken]> {
    submit(.score(scoring), client, limit: Self.scoreLimit / (1 + scoring.topLogProbabilities)) {
      if case .scores(let scores) = $0 { scores } else { nil }
    }
  }

  /// Reads given tokens: their hidden states in order, piece by piece.
  public func embed(
    _ reading: Reading, withLogits: Bool = false, client: ClientID = ClientID()
  ) -> Results<HiddenStates> {
    var reading = reading
    reading.withLogits = withLogits
    return submit(.embed(reading), client, limit: withLogits ? Self.logitLimit : Self.hiddenLimit) {
      if case .hidden(let states) = $0 { states } else { nil }
    }
  }

  /// Sends a token through the pipe that is not counted as work; returns when it has come back.
  ///
  /// Throws as reading ``Results`` does.
  public func probe() async throws {
    for try await _ in embed(.probe) {}
  }

  /// What was done so far.
  public var statistics: PipelineStatistics { statisticsBox.snapshot() }

  /// Every micro-batch so far, if the engine was told to keep them.
  public var timeline: Timeline { statisticsBox.timeline() }

  /// A worker is known to have ended, sooner than its silence would tell.
  ///
  /// - Parameter start: how often it had been started anew.
  public func lose(worker name: String, start: Int = 0, reason: String) {
    mailbox.post(.lose(name: name, start: start, reason: reason))
  }

  /// Lets in the workers with these keys from now on; those whose keys are not among them are lost.
  public func allow(_ keys: AllowedKeys) { mailbox.post(.allow(keys)) }

  /// Ends the engine: requests under way fail with ``ClusterError/stopped``, workers are sent home. So does its deinit, which
  /// also waits for the end.
  public func stop() { mailbox.post(.stop) }

  /// Waits until the engine's thread has said its last word; something has to end it. Blocks.
  public func waitForEnd() { isOver.wait() }

  private func submit<Element>(
    _ work: Work, _ client: ClientID, limit: Int,
    element: @escaping @Sendable (RequestResult) -> Element?
  ) -> Results<Element> {
    let id = nextID.withLock { next in
      next += 1
      return RequestID(next)
    }
    let (results, writer) = Results<Element>.make(limit: limit) { [mailbox] event in
      switch event {
      case .drained: mailbox.post(.resume(id))
      case .abandoned: mailbox.post(.cancel(id))
      }
    }
    if work.isFinished {
      writer.finish()
    } else {
      mailbox.post(.submit(id, work, client, Sink(writer, element: element)))
    }
    return results
  }
}
