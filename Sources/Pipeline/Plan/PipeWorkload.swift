internal import MicroBatching

/// Work for a pipe whose speed is to be foretold.
public enum PipeWorkload: Hashable, Sendable {
  /// `sequences` prompts of `tokens` tokens to hidden states, in micro-batches of up to `rows` rows; fewer at the beginning
  /// and the end, as ``Pacing`` has it, if it `tapers`.
  case prefill(sequences: Int, tokens: Int, rows: Int, tapers: Bool)
  /// One token after the other for each of `sequences`, dealt into `groups`, from position `context`.
  case decode(sequences: Int, groups: Int, context: Int, steps: Int)
}

extension PipeWorkload {
  /// A micro-batch to be sent: what is in it, and which one has to have come back first.
  struct Item {
    var microBatch: MicroBatch
    /// Rows that the head turns into tokens.
    var headRows: Int
    /// Index of the item that this one waits for.
    var after: Int?
  }

  /// All micro-batches, in the order in which they are sent.
  var items: [Item] {
    switch self {
    case .prefill(let sequences, let tokens, let rows, let tapers):
      var items: [Item] = []
      var open = MicroBatch()
      var outstanding = sequences * tokens
      var room = 0
      for slot in 0..<sequences {
        var start = 0
        while start < tokens {
          if open.rowCount == 0 {
            room = tapers ? Pacing.chunk(of: rows, outstanding: outstanding, inFlight: items.count) : rows
          }
          let count = min(tokens - start, room - open.rowCount)
          open.append(Segment(slot: slot, start: start, count: count))
          start += count
          if open.rowCount == room {
            items.append(Item(microBatch: open, headRows: 0))
            outstanding -= room
            open = MicroBatch()
          }
        }
      }
      if open.rowCount > 0 { items.append(Item(microBatch: open, headRows: 0)) }
      return items
    case .decode(let sequences, let groups, let context, let steps):
      let groups = max(1, min(groups, sequences))
      return (0..<(steps * groups)).map { index in
        let (step, group) = index.quotientAndRemainder(dividingBy: groups)
        let slots = (sequences * group / groups)..<(sequences * (group + 1) / groups)
        return Item(
          microBatch: MicroBatch(slots.map { Segment(slot: $0, start: context + step, count: 1) }),
          headRows: slots.count, after: step == 0 ? nil : index - groups)
      }
    }
  }

  /// Tokens read or written.
  public var tokenCount: Int {
    switch self {
    case .prefill(let sequences, let tokens, _, _): sequences * tokens
    case .decode(let sequences, _, _, let steps): sequences * steps
    }
  }
}
