public import Coordinator
internal import FoundationEssentials
public import GPT2
internal import Hummingbird
internal import HummingbirdCore
internal import LibC
public import Logging
internal import NIOCore
internal import Platform
internal import ServiceLifecycle
internal import Synchronization

/// Serves an engine over HTTP: OpenAI-style completions, metrics and a page to look at.
public final class Server: Sendable {
  let options: ServerOptions
  let engine: Engine
  let tokenizer: Tokenizer
  let logger: Logger
  let metrics = ServerMetrics()
  let state = StateBox()
  let admission: Admission
  let pipeline: PipelineView
  let connections: Connections
  let bodies: BodyReader
  let created: Int
  /// What the cluster has seen of workers that came, went and were turned away.
  let notices = Mutex(ClusterCounts())
  private let ending = Mutex<CheckedContinuation<Void, Never>?>(nil)
  private let isEnding = Mutex(false)
  /// What ended the cluster before the server's own end.
  private let failure = Mutex<(any Error)?>(nil)

  /// - Parameters:
  ///   - created: when the model is said to be from, in seconds of Unix time.
  ///   - logger: writes a line for every request.
  public init(_ options: ServerOptions, engine: Engine, tokenizer: Tokenizer, created: Int, logger: Logger) {
    (self.options, self.engine, self.tokenizer, self.created, self.logger) =
      (options, engine, tokenizer, created, logger)
    admission = Admission(limit: options.textLimit)
    pipeline = PipelineView(engine, metrics)
    connections = Connections(options.limits, logger)
    bodies = BodyReader(options.limits)
  }

  /// Hears how the cluster comes together, of losses, and of its end: nothing new begins from then on, and ``run(listening:)`` throws why a
  /// moment later.
  public func note(_ notice: EngineNotice) {
    notices.withLock { $0.count(notice) }
    switch notice {
    case .ending: state.become(.failed(ServerState.end))
    case .lost, .waiting, .recovered, .replanning: state.follow(engine.statistics.interruption)
    default: if let progress = notice.progress { state.become(.loading(progress)) }
    }
  }

  /// Serves until ``end()``, or until the cluster fails.
  ///
  /// - Parameter listening: told the port, once connections are taken.
  /// - Throws: ``ServerError/address(_:reason:)``; ``ClusterError``.
  public func run(listening: @escaping @Sendable (_ port: Int) -> Void) async throws {
    let server = HTTPServerBuilder { [limits = options.limits, connections, logger] responder in
      GuardedChannel(responder: responder, limits: limits, connections: connections, logger: logger)
    }
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    let app = Application(
      router: Routes(self).router(HostNames(options.hosts, isLoopback: options.isLoopback)), server: server,
      configuration: .init(
        address: .hostname(options.host, port: options.port), serverName: "gpt2/\(options.version)",
        availableConnectionsDelegate: AcceptGate(connections: connections)),
      onServerRunning: { [connections] channel in
        channel.eventLoop.execute {
          try? channel.pipeline.syncOperations.addHandler(AcceptWatch(connections.squeeze), position: .first)
        }
        listening(channel.localAddress?.port ?? 0)
      }, logger: quiet)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: app, successTerminationBehavior: .gracefullyShutdownGroup)], logger: quiet))
    @Sendable func close(within time: Duration) async throws {
      await group.triggerGracefulShutdown()
      // Connections that are still open then are not waited for.
      try await Task.sleep(for: time)
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { [self] in
        do {
          try await group.run()
        } catch let error as IOError {
          throw ServerError.address("\(options.host):\(options.port)", reason: Self.reason(error))
        } catch let error as SocketAddressError {
          throw ServerError.address(
            "\(options.host):\(options.port)", reason: "\(error); give an address of this machine")
        }
      }
      tasks.addTask { [self] in
        await ReadinessProbe(self).run()
        // Who waited for the cluster is told of its end first.
        try await close(within: .milliseconds(500))
      }
      tasks.addTask { [self] in
        await untilEnding()
        try Task.checkCancellation()
        await drain()
        try await close(within: options.limits.linger)
      }
      tasks.addTask { [connections] in try await connections.tend() }
      // The first that ends ends the others: the listener, the cluster, or the drain.
      defer { tasks.cancelAll() }
      try await tasks.next()
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// The cluster has ended.
  func fail(_ error: any Error) {
    if case ClusterError.stopped = error { return }
    let isFirst = failure.withLock { failure in
      defer { failure = failure ?? error }
      return failure == nil
    }
    guard isFirst else { return }
    state.become(.failed(ServerState.end))
    logger.error("the cluster has ended", metadata: ["error": "\(error)"])
  }

  /// Takes nothing new, finishes what runs, and makes ``run(listening:)`` return.
  public func end() {
    isEnding.withLock { $0 = true }
    ending.withLock { $0.take() }?.resume()
  }

  private func untilEnding() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        ending.withLock { $0 = continuation }
        if isEnding.withLock({ $0 }) { end() }
      }
    } onCancel: {
      end()
    }
  }

  private func drain() async {
    let hadCluster = if case .loading = state.value { false } else { true }
    admission.close()
    state.become(.draining)
    let limit = Instant.now + options.drain
    logger.info("draining", metadata: ["texts": "\(admission.texts)"])
    while admission.texts > 0, .now < limit, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
    // There may have been nothing more to do because nobody is left to do it.
    if hadCluster { do { _ = try await engine.ready() } catch { fail(error) } }
    guard admission.texts > 0 else { return }
    logger.warning("not finished in time", metadata: ["texts": "\(admission.texts)"])
    // Whose text is cut short is told so.
    engine.stop()
  }

  private static func reason(_ error: IOError) -> String {
    switch error.errnoCode {
    case EADDRINUSE: "another program listens there; end it or give another port"
    case EACCES: "this user may not listen there; give a port above 1023"
    case EADDRNOTAVAIL: "this machine does not have the address; give one of its own"
    default: "cannot listen: \(error)"
    }
  }
}

extension EngineNotice {
  /// What there is to wait for now; nil where the notice does not say.
  fileprivate var progress: String? {
    switch self {
    case .listening(_, let workers): "0 of \(workers) workers have joined"
    case .joined(_, _, _, let count, let expected), .left(_, _, let count, let expected):
      "\(count) of \(expected) workers have joined"
    case .planned(let stages, _): "weights are being loaded: 0 of \(stages.count) stages are ready"
    case .loading(let ready, let count, let bytes):
      "weights are being loaded: \(ready) of \(count) stages are ready"
        + (bytes > 0 ? ", \(bytes / 1_000_000) MB have been sent" : "")
    default: nil
    }
  }
}
