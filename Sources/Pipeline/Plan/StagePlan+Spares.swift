extension StagePlan.Spare: CustomStringConvertible {
  public var description: String {
    switch reason {
    case .notNeeded: "\(name) is a spare: the blocks are all held without it"
    case .tooSlow: "\(name) is a spare: it is too slow to be of help"
    case .tooSmall(let memory, let needed):
      "\(name) is a spare: it offers \(megabytes(memory)) of memory, and a stage of one block needs \(megabytes(needed))"
    }
  }
}

extension [StagePlan.Spare] {
  /// What there is to say of all of them, a line a reason.
  public var lines: [String] {
    line(of: filter { $0.reason == .notNeeded }) { _ in "the blocks are all held without them" }
      + line(of: filter { $0.reason == .tooSlow }) { _ in "they are too slow to be of help" }
      + line(of: filter { if case .tooSmall = $0.reason { true } else { false } }) {
        "each offers too little memory for a stage of one block\($0)"
      }
  }

  private func line(of spares: [StagePlan.Spare], _ reason: (String) -> String) -> [String] {
    guard let first = spares.first, let last = spares.last else { return [] }
    if spares.count == 1 { return [first.description] }
    let need: String = if case .tooSmall(_, let needed) = first.reason { ", \(megabytes(needed))" } else { "" }
    let names =
      spares.count < 4
      ? spares.dropLast().map(\.name).joined(separator: ", ") + " and \(last.name)" : "\(first.name) … \(last.name)"
    return ["\(spares.count) workers are spares (\(names)): \(reason(need))"]
  }
}

/// Whole megabytes for a person, rounded up.
func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000 + (bytes % 1_000_000 > 0 ? 1 : 0)) MB" }
