/// Why blocks cannot be dealt out as asked.
public enum PlanError: Error, Hashable, Sendable {
  case splitNotNumbers(String)
  case splitPartEmpty(Int)
  case splitDoesNotAddUp([Int], sum: Int, blockCount: Int)
  case splitHasMoreParts([Int], memberCount: Int)
  /// A part of a split needs more bytes than the largest worker left for it offers.
  case partDoesNotFit(blocks: Int, needed: Int, name: String, memory: Int)
  /// The workers together hold only `fitting` of the blocks; bytes that all blocks need and that all workers offer.
  case modelDoesNotFit(blockCount: Int, fitting: Int, memberCount: Int, needed: Int, offered: Int)
  case noMembers(blockCount: Int)
}

extension PlanError {
  /// Whether there is too little memory; other blocks, or smaller ones, would fit.
  public var isOfMemory: Bool {
    switch self {
    case .modelDoesNotFit, .partDoesNotFit: true
    default: false
    }
  }
}

extension PlanError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .splitNotNumbers(let text):
      "split “\(text)”: give whole numbers of blocks with commas between, as 5,4,3"
    case .splitPartEmpty(let part):
      "split: a part of \(part) blocks; every part needs at least 1"
    case .splitDoesNotAddUp(let parts, let sum, let blockCount):
      "split \(list(parts)): it adds up to \(sum == Int.max ? "more" : "\(sum)") and the model has \(blockCount) blocks; "
        + "give parts that add up to \(blockCount)"
    case .splitHasMoreParts(let parts, let memberCount):
      "split \(list(parts)): \(parts.count) parts for \(memberCount == 1 ? "1 worker" : "\(memberCount) workers"); "
        + "give as many parts as workers, or start more workers"
    case .partDoesNotFit(let blocks, let needed, let name, let memory):
      "split: \(blocks == 1 ? "1 block needs" : "\(blocks) blocks need") \(megabytes(needed)) and \(name) offers "
        + "\(megabytes(memory)); give it fewer, raise its --memory, or use fewer sequences at once"
    case .modelDoesNotFit(let blockCount, let fitting, let memberCount, let needed, let offered):
      "the \(blockCount) blocks need \(megabytes(needed)) and \(memberCount == 1 ? "the worker offers" : "the \(memberCount) workers offer") "
        + "\(megabytes(offered)), enough for \(fitting); add workers, raise their --memory, or use fewer sequences at once"
    case .noMembers(let blockCount):
      "no worker for the \(blockCount) blocks; start at least one"
    }
  }

  private func list(_ parts: [Int]) -> String {
    parts.prefix(48).map(String.init).joined(separator: ",") + (parts.count > 48 ? ",…" : "")
  }
}
