internal import Coordinator
internal import Logging
internal import Synchronization

/// Sees that tokens cross the pipe: by the work that is done, or with a token of its own when there is none.
struct ReadinessProbe: Sendable {
  private let server: Server

  private static let interval = Duration.milliseconds(500)
  /// How long nothing may have crossed the pipe.
  private static let patience = Duration.seconds(5)

  init(_ server: Server) { self.server = server }

  /// - Throws: what ended the cluster.
  func run() async throws {
    do {
      _ = try await server.engine.ready()
      let watching = Task { try await watch() }
      defer { watching.cancel() }
      try await withTaskCancellationHandler {
        try await probe()
      } onCancel: {
        watching.cancel()
      }
    } catch let error as ClusterError {
      if Task.isCancelled { return }
      server.state.become(.failed("\(error)"))
      server.logger.error("the cluster has ended", metadata: ["error": "\(error)"])
      // What was under way is told so first.
      try? await Task.sleep(for: .milliseconds(500))
      throw error
    }
  }

  /// Sends a token through whenever nothing else has come through.
  private func probe() async throws {
    let engine = server.engine
    var crossed = -1
    while true {
      let done = engine.statistics.coordinator.microBatches
      if done == crossed {
        for try await _ in engine.embed(try Reading([0], configuration: engine.configuration)) {}
        crossed = engine.statistics.coordinator.microBatches
      } else {
        crossed = done
      }
      server.state.become(.ready)
      server.lastCrossing.withLock { $0 = .now }
      try await Task.sleep(for: Self.interval)
    }
  }

  /// Says so when the token does not come back; looks at the pipe for those who ask what it did lately.
  private func watch() async throws {
    server.lastCrossing.withLock { $0 = .now }
    while true {
      server.pipeline.look()
      let silence = ContinuousClock.now - server.lastCrossing.withLock { $0 }
      if silence > Self.patience {
        server.state.become(.stalled("nothing has crossed the pipe for \(Int(silence / .seconds(1))) s"))
      }
      try await Task.sleep(for: Self.interval)
    }
  }
}
