internal import GPT2
internal import Pipeline

/// Who is to blame for values that are no numbers, or infinite.
enum Blame {
  /// A stage sent other values than it says.
  struct Disagreement: Error, Equatable {
    /// Who is given up for it: of two of whom either may be wrong, the one behind.
    var stage: Int
    var error: ClusterError
  }

  /// The stage that made them of finite ones; nil when none did.
  ///
  /// - Parameters:
  ///   - wasFinite: whether the activations were finite that went into the first stage.
  ///   - isFinite: whether those are that came out of the last one.
  /// - Throws: ``Disagreement``.
  static func culprit(
    of records: [StageRecord], _ stages: [StageDescription], wasFinite: Bool, isFinite: Bool
  ) throws(Disagreement) -> StageDescription? {
    var claimed = wasFinite
    var culprit: StageDescription?
    for (index, record) in records.enumerated() {
      guard record.isFiniteReceived == claimed else {
        // What the coordinator itself sent, it knows; of two stages either may be wrong.
        let reason =
          "what was sent was finite to one of them, and not to the other: one is faulty, or was tampered with"
        throw Disagreement(
          stage: index,
          error: index == 0
            ? .workerBroken(name: stages[0].name, reason: "it says it was sent what it was not")
            : .linkLost(
              from: "worker \(stages[index - 1].name)", to: "worker \(stages[index].name)", reason: reason))
      }
      if claimed, !record.isFiniteComputed { culprit = stages[index] }
      claimed = record.isFiniteComputed
    }
    guard isFinite == claimed else {
      throw Disagreement(
        stage: stages.count - 1,
        error: .workerBroken(
          name: stages.last?.name ?? "",
          reason:
            "it sent values that are \(isFinite ? "" : "not ")finite, and says that they are\(isFinite ? " not" : "")"))
    }
    return culprit
  }

  /// What a request is told that failed.
  static func error(_ error: SamplingError, by culprit: StageDescription?) -> any Error {
    guard let culprit, case .notFinite(let position) = error else { return error }
    return ClusterError.notFinite(name: culprit.name, blocks: culprit.layers, position: position)
  }
}
