internal import Coordinator
internal import GPT2
internal import Logging
internal import Platform

/// Sees that tokens cross the pipe: by the work that is done, or with a token of its own when there is none.
struct ReadinessProbe: Sendable {
  private let server: Server

  /// How often a token is sent through a pipe without work, and how often the pipe is looked at.
  private static let (interval, glance) = (Duration.milliseconds(500), Duration.milliseconds(100))
  /// How long nothing may have crossed the pipe. The engine finds a stage or a link that is lost sooner; a large micro-batch on
  /// slow links is none.
  private static let patience = Duration.seconds(20)

  init(_ server: Server) { self.server = server }

  /// Returns when the cluster has ended: by itself, which is then ``Server/failure``, or since the server did.
  func run() async {
    do {
      // Only the engine's end ends the wait for its workers.
      _ = try await withTaskCancellationHandler {
        try await server.engine.ready()
      } onCancel: { [engine = server.engine] in
        engine.stop()
      }
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await probe() }
        tasks.addTask { try await watch() }
        defer { tasks.cancelAll() }
        try await tasks.next()
      }
    } catch is CancellationError {
    } catch {
      server.fail(error)
    }
  }

  /// Sends a token through whenever nothing else has come through.
  private func probe() async throws {
    let engine = server.engine
    var crossed = -1
    while true {
      if engine.statistics.crossings == crossed {
        do {
          try await engine.probe()
        } catch is AdmissionError {
          // So many wait that there is no room for it: they will do.
        } catch ClusterError.poisonous {
          // Two workers were lost while nothing else was asked of them; the token had no part in it.
        }
      }
      crossed = engine.statistics.crossings
      try await Task.sleep(for: Self.interval)
    }
  }

  /// Sees what crosses the pipe, also while the probe's own token waits its turn, and says so when nothing does. An interruption
  /// is none of that: the engine knows of it, and how long it may last.
  private func watch() async throws {
    var (crossed, time) = (0, Instant.now)
    while true {
      server.pipeline.look()
      let statistics = server.engine.statistics
      server.state.follow(statistics.interruption)
      if statistics.interruption != nil {
        (crossed, time) = (statistics.crossings, .now)
      } else if statistics.crossings != crossed {
        (crossed, time) = (statistics.crossings, .now)
        server.state.become(.ready)
      } else if .now - time > Self.patience {
        server.state.become(
          .stalled("nothing has crossed the pipe for \(Int((Instant.now - time) / .seconds(1))) s"))
      }
      try await Task.sleep(for: Self.glance)
    }
  }
}
