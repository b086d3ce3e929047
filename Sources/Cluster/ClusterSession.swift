public import Coordinator
public import GPT2
internal import Pipeline
internal import Platform
internal import Worker
public import ZeroMQ

/// An engine with the workers that are its own to start, and who is let in: ended with the value, however that goes.
public final class ClusterSession: Sendable {
  public let engine: Engine
  private let context: Context
  private let authenticator: Authenticator?
  private let inProcess: InProcessWorkers?
  private let spawned: SpawnedWorkers?

  /// Starts the engine, and the workers that are its own to start.
  ///
  /// - Parameters:
  ///   - refused: told of each connection that is turned away for its key, on a thread of its own; must not block.
  ///   - notify: told on the engine's thread how the cluster comes together.
  /// - Throws: ``ZeroMQError`` when it cannot listen, or what protects it does not work; what starting a process throws.
  public init(
    _ checkpoint: Checkpoint, _ options: SessionOptions, refused: @escaping @Sendable (Authenticator.Refusal) -> Void,
    notify: @escaping @Sendable (EngineNotice) -> Void
  ) throws {
    let context = try Context()
    let (place, count) = (options.place, options.place.count + options.spares)
    let key: CurveKeyPair? =
      switch place {
      case .inProcess: nil
      // Nobody but the processes that this one starts need know it.
      case .spawned: try options.key ?? .make()
      case .listening: options.key
      }
    let authenticator = try key.map { key in
      let authenticator = try Authenticator(
        context, accepting: options.allowedKeys?.keys ?? [key.publicKey], refused: refused)
      try authenticator.selfTest()
      return authenticator
    }
    // A stage a thread each would be more threads than cores: they share them.
    let threads = options.threads ?? max(1, Host.cores / (place.isHere ? count : 1))
    let restart = OneShot<@Sendable (String) -> Void>()
    let engine = try Engine(
      checkpoint,
      options: Self.engineOptions(options, key: key, threads: threads) { name in restart.wait()(name) },
      context: context, notify: notify)
    let ended: @Sendable (String, Int, String) -> Void = { [weak engine] name, start, reason in
      engine?.lose(worker: name, start: start, reason: reason)
    }
    do {
      switch place {
      case .inProcess:
        let workers = try InProcessWorkers(
          count: count, coordinator: engine.address, checkpoint: checkpoint, threads: threads, context: context,
          build: options.build, ended: ended)
        restart.set { [weak workers] name in workers?.restart(name) }
        (inProcess, spawned) = (workers, nil)
      case .spawned(_, let program, let arguments):
        let address = engine.address
        // Those that are started anew have as much as the first, who left it for them.
        let memory = Host.availableMemory / count
        let workers = try SpawnedWorkers(
          count: count, program: program, key: key!,
          arguments: { name in
            ["--coordinator", address, "--listen", "tcp://127.0.0.1:0", "--name", name, "--threads", "\(threads)"]
              + ["--memory", "\(memory)", "--key-from-input", "--quiet"] + arguments
          },
          ended: ended)
        restart.set { [weak workers] name in workers?.restart(name) }
        (inProcess, spawned) = (nil, workers)
      case .listening:
        restart.set { _ in }
        (inProcess, spawned) = (nil, nil)
      }
    } catch {
      // The engine may be waiting for it.
      restart.set { _ in }
      throw error
    }
    (self.engine, self.context, self.authenticator) = (engine, context, authenticator)
  }

  private static func engineOptions(
    _ options: SessionOptions, key: CurveKeyPair?, threads: Int, restart: @escaping @Sendable (String) -> Void
  ) -> EngineOptions {
    let (place, count) = (options.place, options.place.count)
    let listen =
      switch place {
      case .inProcess: "inproc://coordinator"
      case .spawned: "tcp://127.0.0.1:0"
      case .listening(let address, _): address
      }
    // With a stage on a thread of this process, head and blocks take turns.
    let isAlone = if case .inProcess(1) = place { true } else { false }
    var engine = EngineOptions(
      listen: listen, workerCount: count, credentials: key.map { Credentials($0) }, split: options.split,
      microBatchRows: options.microBatchRows, sharesFiles: place.isHere,
      threads: options.threads ?? (isAlone ? Host.cores : threads), slotCount: options.slotCount,
      waitingLimit: options.waitingLimit, patience: options.patience ?? .seconds(place.isHere ? 30 : 300),
      timelineLimit: options.timelineLimit)
    (engine.spares, engine.means, engine.replayMemory) = (options.spares, options.means, options.replayMemory)
    (engine.comesAgain, engine.build) = (options.comesAgain, options.build)
    if place.isHere { engine.restart = restart }
    engine.allowedKeys = options.allowedKeys
    engine.workerFlags = options.workerFlags
    return engine
  }

  /// Lets in these keys from now on; those whose keys are not among them are lost.
  public func allow(_ keys: AllowedKeys) {
    authenticator?.accept(keys.keys)
    engine.allow(keys)
  }

  /// Sends the workers home, and waits until they have been told.
  public func end() {
    engine.stop()
    // Others may hold on to the engine, and the workers are to hear that it ends.
    engine.waitForEnd()
  }

  // Workers are waited for, and they wait for the engine.
  deinit { engine.stop() }
}
