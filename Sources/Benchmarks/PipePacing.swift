internal import Coordinator
package import GPT2
package import Pipeline
internal import Platform

/// A pipe and how work is cut for it.
package struct PipePacing {
  package let pacing: Pacing
  package let pipe: PipeModel

  package init(pacing: Pacing, pipe: PipeModel) { (self.pacing, self.pipe) = (pacing, pipe) }

  /// All blocks in one process, one thing at a time.
  package init(
    stage: CostModel, edges: EdgeCosts, threads: Int, on machine: MachineProfile, _ configuration: Configuration
  ) {
    pipe = PipeModel(
      hosts: [PipeModel.Host(cores: machine.cores)],
      stages: [PipeModel.Stage(host: 0, threads: threads, blockCount: configuration.layerCount, cost: stage)],
      coordinator: PipeModel.Coordinator(host: 0, threads: threads, costs: edges), local: .none)
    pacing = Pacing(stageCount: 1, fixedRows: 512)
  }

  package func run(_ work: PipeWorkload) -> PipeForecast {
    PipeSimulation.run(work, on: pipe, inFlight: pacing.inFlightLimit)
  }
}
