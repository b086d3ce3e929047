internal import Coordinator
package import GPT2
package import Pipeline
internal import Platform

/// Workers that do not exist yet, like this machine or so many times as fast.
package struct PlannedCluster {
  package let configuration: Configuration
  package let machine: MachineProfile
  package let speeds: [Double]
  package let memory: PlannedMemory
  package let network: PipeModel.Link

  /// Sequences at once that the cache is counted for.
  package static let sequences = 32
  /// Most tokens of a prompt, and positions before those that are written: as many as `bench` has on average.
  private static let promptTokens = 512
  private static let context = 64
  private static let steps = 12

  package init(
    configuration: Configuration, machine: MachineProfile, speeds: [Double], memory: PlannedMemory,
    network: PipeModel.Link
  ) {
    (self.configuration, self.machine, self.speeds) = (configuration, machine, speeds)
    (self.memory, self.network) = (memory, network)
  }

  /// - Throws: ``PlanError`` when the blocks cannot be dealt out.
  package func forecast() throws -> ClusterForecast {
    let (threads, isOneHost) = (memory.threads, memory.isOneHost)
    let candidates = speeds.indices.map { index in
      ClusterPlan.Candidate(
        name: "worker-\(index + 1)", host: isOneHost ? "here" : "worker-\(index + 1)", cores: machine.cores,
        threads: threads, memory: memory.workers[index], curve: machine.own.blocks.curve.scaled(speed: speeds[index]))
    }
    var wishes = memory.wishes
    wishes.network = network
    let plan = try ClusterPlan(
      configuration, over: candidates,
      coordinator: ClusterPlan.Coordinator(
        host: isOneHost ? "here" : "coordinator", cores: machine.cores, threads: threads, edges: machine.own.edges),
      wishes, replayMemory: ClusterPlan.replayMemory)
    guard let pipe = plan.pipe else { preconditionFailure("the coordinator was measured") }
    let pacing = PipePacing(pacing: plan.pacing, pipe: pipe)
    let one = PipePacing(
      stage: machine.oneThread.blocks, edges: machine.oneThread.edges, threads: 1, on: machine, configuration)
    let all = PipePacing(
      stage: machine.allCores.blocks, edges: machine.allCores.edges, threads: machine.cores, on: machine, configuration)

    let promptTokens = min(Self.promptTokens, configuration.positionCount)
    let context = min(Self.context, configuration.positionCount / 2)
    func line(_ work: ClusterForecast.Work, _ load: (PipePacing) -> PipeWorkload) -> ClusterForecast.Line {
      let forecast = pacing.run(load(pacing))
      return ClusterForecast.Line(
        work, forecast, oneThread: one.run(load(one)).tokensPerSecond, oneMachine: all.run(load(all)).tokensPerSecond,
        isOneHost: isOneHost, cores: machine.cores, latency: network.latency)
    }
    func decode(_ sequences: Int) -> (PipePacing) -> PipeWorkload {
      { pacing in
        .decode(
          sequences: sequences, groups: pacing.pacing.groupCount(running: sequences), context: context,
          steps: min(Self.steps, configuration.positionCount - context))
      }
    }
    return ClusterForecast(
      workers: plan.stages.map { stage in
        ClusterForecast.Worker(
          name: candidates[stage.candidate].name, firstBlock: stage.layers.lowerBound,
          lastBlock: stage.layers.upperBound - 1,
          weightBytes: stage.layers.count * configuration.blockWeightBytes,
          cacheBytes: stage.layers.count * configuration.blockCacheBytes * configuration.positionCount * Self.sequences)
      },
      spares: plan.spares.map { "\($0)" }, spareLines: plan.spares.lines,
      coordinatorBytes: configuration.edgeWeightBytes, weights: configuration.weights.name,
      weightTypes: try memory.types(), typeScope: memory.scope,
      positionBudget: memory.workers.contains { $0 < Int.max } ? plan.positionBudget : nil,
      threads: threads, cores: machine.cores, isOneHost: isOneHost, inFlight: pacing.pacing.inFlightLimit,
      measurement: machine.steadiness,
      prefill: line(
        .init("prefill", "8 prompts of \(promptTokens)", plain: promptTokens < 256 ? "prompts" : "long prompts")
      ) { pacing in
        // Enough in flight that the pipe is neither filling nor draining.
        let rows = pacing.pacing.rows(outstanding: 8 * promptTokens, inFlight: pacing.pacing.inFlightLimit)
        return .prefill(
          sequences: 8, tokens: promptTokens, rows: min(plan.rowLimit, rows), tapers: pacing.pacing.fixedRows == nil)
      },
      decode: [
        line(.init("decode", "1 text", plain: "one text at a time"), decode(1)),
        line(
          .init("decode", "\(Self.sequences) texts", plain: "\(Self.sequences) texts at once"), decode(Self.sequences)),
      ])
  }
}
