internal import Wording

extension ClusterForecast {
  /// The forecast for a person: who holds what, a table of speeds, and one sentence that answers the question.
  ///
  /// - Parameters:
  ///   - model: what was planned for.
  ///   - width: characters that a line of the table may have.
  package func text(of model: String, width: Int) -> String {
    let place = isOneHost ? "on this machine (\(count(cores, "core")))" : "on machines of their own"
    var lines = [
      "\(model), \(count(workers.count, "worker")) and a coordinator \(place), \(count(threads, "thread")) each"
    ]
    lines += workers.map { worker in
      let blocks =
        worker.firstBlock == worker.lastBlock
        ? "block \(worker.firstBlock)" : "blocks \(worker.firstBlock) to \(worker.lastBlock)"
      return
        "  \(worker.name): \(blocks), \(bytes(worker.weightBytes)) of weights, \(bytes(worker.cacheBytes)) of cache"
    }
    lines.append("  coordinator: embedding and head, \(bytes(coordinatorBytes)) of weights")
    lines += spareLines.map { "  \($0)" }
    lines.append(
      "  (weights in \(weights), as they are in memory; cache for \(PlannedCluster.sequences) texts of full length"
        + (positionBudget.map { "; this --memory has room for \(count($0, "token")) of all texts together" } ?? "")
        + ")")
    lines += ["", typeScope, "", typeTable.text(width: width)]
    let works = [prefill] + decode
    func column(_ title: String, _ rank: Int, _ cell: (Line) -> String) -> TextTable.Column {
      TextTable.Column(title: title, rank: rank, cells: works.map(cell))
    }
    let table = TextTable(columns: [
      column("tokens/s", 0, \.name),
      column("cluster", 0) { Self.rate($0.tokensPerSecond) },
      column("one machine", 0) { Self.rate($0.oneMachineTokensPerSecond) },
      column("one thread", 1) { Self.rate($0.oneThreadTokensPerSecond) },
      column("stages idle", 2) { percent($0.idleShare) },
    ])
    lines += ["", table.text(width: width), ""]
    lines += works.compactMap { work in work.limit.map { "\(work.name): \(work.isGain ? "" : "no gain: ")\($0)." } }
    if let warning = measurement.warning { lines.append(warning) }
    lines.append(answer)
    return lines.joined(separator: "\n") + "\n"
  }

  /// A line a size: types that take the same are one.
  private var typeTable: TextTable {
    var rows: [(names: [String], fit: WeightTypeFit)] = []
    for type in weightTypes {
      if let index = rows.firstIndex(where: { $0.fit.blockBytes == type.blockBytes }) {
        rows[index].names.append(type.weights)
      } else {
        rows.append(([type.weights], type))
      }
    }
    return TextTable(columns: [
      .init(title: "weights", rank: 0, cells: rows.map { $0.names.joined(separator: ", ") }),
      .init(title: "all blocks", rank: 0, cells: rows.map { bytes($0.fit.blockBytes) }),
      .init(title: "coordinator", rank: 1, cells: rows.map { bytes($0.fit.coordinatorBytes) }),
      .init(title: "fits", rank: 0, cells: rows.map { $0.fit.fits ? "yes" : "no" }),
    ])
  }

  /// Whether the cluster is worth it, in a sentence.
  package var answer: String {
    let works = [prefill] + decode
    let workers = Self.word(workers.count) + (workers.count == 1 ? " worker" : " workers")
    let gains = works.filter(\.isGain)
    let equals = works.filter { !$0.isGain && $0.gain > 0.95 }
    let losses = works.filter { $0.gain <= 0.95 }
    var parts: [String] = []
    if let first = gains.first {
      parts.append(
        "\(workers) give \(Self.times(first.gain)) times the tokens a second of one machine for "
          + Self.list([first.plain] + gains.dropFirst().map { "\(Self.times($0.gain)) times for \($0.plain)" }))
    }
    if !equals.isEmpty {
      parts.append(
        (parts.isEmpty ? "\(workers) are" : "they are") + " about as fast as one machine for "
          + Self.list(equals.map(\.plain)))
    }
    if !losses.isEmpty {
      parts.append("one machine is faster for " + Self.list(losses.map(\.plain)))
    }
    let sentence = parts.joined(separator: "; ")
    return sentence.prefix(1).uppercased() + sentence.dropFirst() + "."
  }

  private static func times(_ gain: Double) -> String { "\((gain * 10).rounded() / 10)" }

  private static func list(_ parts: [String]) -> String {
    parts.count < 2 ? parts.joined() : parts.dropLast().joined(separator: ", ") + " and " + parts[parts.count - 1]
  }

  private static func word(_ number: Int) -> String {
    let words = [
      "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ]
    return number < words.count ? words[number] : "\(number)"
  }

  private static func rate(_ number: Double) -> String {
    number < 0.05 ? "under 0.1" : number < 10 ? "\((number * 10).rounded() / 10)" : "\(Int(number.rounded()))"
  }
}
