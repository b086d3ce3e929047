package import Coordinator
package import GPT2
package import Pipeline
internal import Platform
internal import Wording

/// The memory of workers that do not exist yet: which types of weights they have room for.
package struct PlannedMemory {
  /// Bytes of each worker; `Int.max` where nobody says how many.
  package let workers: [Int]
  package let threads: Int
  package let isOneHost: Bool
  package let wishes: ClusterPlan.Wishes
  /// The model, its weights held so.
  package let configuration: (WeightTypes.Choice) throws -> Configuration
  /// Bytes that this machine has free, which the others are taken to be like.
  private let available = Host.availableMemory

  package init(
    workers: [Int], threads: Int, isOneHost: Bool, wishes: ClusterPlan.Wishes,
    configuration: @escaping (WeightTypes.Choice) throws -> Configuration
  ) {
    (self.workers, self.threads, self.isOneHost) = (workers, threads, isOneHost)
    (self.wishes, self.configuration) = (wishes, configuration)
  }

  /// Every type of weights that there is.
  package func types() throws -> [WeightTypeFit] {
    try WeightTypes.Choice.allCases.filter { $0 != .auto }.map { choice in
      let configuration = try configuration(choice)
      return WeightTypeFit(
        weights: choice.rawValue, blockBytes: configuration.layerCount * configuration.blockWeightBytes,
        coordinatorBytes: configuration.edgeWeightBytes, fits: try fits(configuration))
    }
  }

  /// Makes sure that the workers have the memory they are said to need.
  ///
  /// - Throws: ``PlannedMemoryError``, with a type that would do where there is one; ``PlanError`` for other reasons why blocks
  ///   cannot be dealt out.
  package func check(_ choice: WeightTypes.Choice) throws {
    let chosen = try configuration(choice)
    do throws(PlanError) { _ = try plan(chosen, memory: workers) } catch {
      guard error.isOfMemory else { throw error }
      // What the files have changes no bit, so it comes first.
      let others = try [WeightTypes.Choice.auto, .bf16, .int8].map(configuration)
      let fitting = others.first { (try? plan($0, memory: workers)) != nil }
      throw PlannedMemoryError(plan: error, fitting: fitting?.weights.name)
    }
  }

  /// What ``WeightTypeFit/fits`` is about, for a person.
  package var scope: String {
    let room =
      if isLimited {
        "the workers' --memory"
      } else if isOneHost {
        "what is free of this machine's memory (\(bytes(available)))"
      } else {
        "hosts with as much free memory as this machine (\(bytes(available)))"
      }
    return "Which types fit \(room), with the cache of one text of full length:"
  }

  private var isLimited: Bool { workers.contains { $0 < Int.max } }

  private func fits(_ configuration: Configuration) throws(PlanError) -> Bool {
    do throws(PlanError) {
      if isLimited || !isOneHost {
        _ = try plan(configuration, memory: workers.map { min($0, isLimited ? .max : available) })
        return isLimited || configuration.edgeWeightBytes <= available
      }
      let plan = try plan(configuration, memory: workers)
      let memory = StageMemory(configuration, rowLimit: plan.rowLimit)
      let stages = plan.stages.reduce(0) { $0 + memory.needed(blocks: $1.layers.count) }
      return stages + configuration.edgeWeightBytes <= available
    } catch {
      guard error.isOfMemory else { throw error }
      return false
    }
  }

  /// Deals the blocks out by memory alone: how fast a worker is changes nothing of what fits.
  private func plan(_ configuration: Configuration, memory: [Int]) throws(PlanError) -> ClusterPlan {
    let candidates = memory.enumerated().map { index, bytes in
      ClusterPlan.Candidate(
        name: "worker-\(index + 1)", host: "worker-\(index + 1)", cores: threads, threads: threads, memory: bytes,
        curve: nil)
    }
    return try ClusterPlan(
      configuration, over: candidates,
      coordinator: ClusterPlan.Coordinator(host: "coordinator", cores: threads, threads: threads, edges: nil), wishes,
      replayMemory: ClusterPlan.replayMemory)
  }
}

/// The planned workers have too little memory for the blocks.
package struct PlannedMemoryError: Error, CustomStringConvertible {
  package let plan: PlanError
  /// A type of weights that they would have room for.
  package let fitting: String?

  package var description: String {
    "\(plan)" + (fitting.map { "; held as \($0) they would fit (--weights \($0))" } ?? "")
  }
}
