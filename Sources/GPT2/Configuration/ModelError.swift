/// What a model refuses, and what it cannot get from the machine.
public enum ModelError: Error, Hashable, Sendable {
  /// Rows would stand at or beyond the model's longest position.
  case beyondContext(position: Int, limit: Int)
  /// A segment starts above what its slot holds, so that positions in between would be missing.
  case gap(slot: Int, start: Int, cached: Int)
  case slotOutOfRange(slot: Int, slotCount: Int)
  /// A segment without rows, or one that starts below 0.
  case malformedSegment(slot: Int, start: Int, count: Int)
  /// Two segments of one micro-batch are of the same slot.
  case slotTwice(slot: Int)
  case tokenOutOfRange(token: Int, vocabularySize: Int)
  case outOfMemory(bytes: Int)
}

extension ModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .beyondContext(let position, let limit):
      "position \(position) is beyond the model's context of \(limit) tokens; shorten the prompt or ask for fewer tokens"
    case .gap(let slot, let start, let cached):
      "slot \(slot): rows from position \(start) were given, but only \(cached) positions are cached; give those between too"
    case .slotOutOfRange(let slot, let slotCount):
      "slot \(slot): the cache has \(slotCount) slots, numbered from 0"
    case .malformedSegment(let slot, let start, let count):
      "slot \(slot): a segment of \(count) rows from position \(start); it needs at least 1 row and a start of at least 0"
    case .slotTwice(let slot):
      "slot \(slot): two segments of one micro-batch; give one segment for each slot"
    case .tokenOutOfRange(let token, let vocabularySize):
      "token \(token): the model's vocabulary has \(vocabularySize) tokens, numbered from 0"
    case .outOfMemory(let bytes):
      // Rounded up so that even Int.max, which stands for more than can be counted, does not overflow.
      "no memory: \((bytes - 1) / 1_000_000 + 1) MB more were needed; free some, or use fewer sequences at once"
    }
  }
}
