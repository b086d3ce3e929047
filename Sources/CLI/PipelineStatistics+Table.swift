import Coordinator
import Wording

extension PipelineStatistics {
  /// A line a stage, and one for the coordinator: what it did and where its time went.
  ///
  /// - Parameter width: characters that a line may have.
  func table(width: Int) -> String {
    let stations = [coordinator] + stages
    func column(_ title: String, _ rank: Int, _ cell: (Station) -> String) -> TextTable.Column {
      TextTable.Column(title: title, rank: rank, cells: stations.map(cell))
    }
    let table = TextTable(columns: [
      TextTable.Column(title: "stage", rank: 0, cells: ["coordinator"] + stages.indices.map { "stage \($0 + 1)" }),
      TextTable.Column(title: "worker", rank: 7, cells: ["-"] + stages.map(\.name)),
      column("blocks", 0) { $0.layers.isEmpty ? "-" : "\($0.layers.lowerBound)-\($0.layers.upperBound - 1)" },
      column("batches", 5) { "\($0.microBatches)" },
      column("tokens", 4) { "\($0.rows)" },
      column("computed", 1) { $0.compute.short },
      column("waited", 2) { $0.wait.short },
      column("handed on", 6) { $0.send.short },
      column("sent", 3) { bytes($0.bytesSent) },
      column("busy", 0) { percent($0.busyShare(of: elapsed)) },
    ])
    return table.text(width: width) + "\n"
      + "On average a stage had nothing to compute for \(percent(idleShare)) of the \(elapsed.short)."
  }
}
