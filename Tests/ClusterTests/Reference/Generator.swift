import GPT2
import MicroBatching
import Platform

/// Runs generations on a model in this process, several at once: what the cluster is held against.
///
/// Each step is one micro-batch: the next token of every sequence that is being written, and a piece of the prompts that
/// are still being read. A sequence that ends makes room for the next one waiting. What a sequence becomes does not depend
/// on those beside it.
final class Generator {
  private let model: Model
  private let hidden: Activations
  private let last: Activations
  private let logits: Activations

  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  init(_ model: Model) throws(ModelError) {
    self.model = model
    hidden = try Activations(width: model.configuration.width)
    last = try Activations(width: model.configuration.width)
    logits = try Activations(width: model.configuration.vocabularySize)
  }

  /// Brings every generation to its end; those finished already are left alone.
  ///
  /// - Throws: ``ModelError``, ``SamplingError``; the cache is given back in any case.
  func run(_ generations: [Generation]) throws -> [Generation] {
    var generations = generations
    var waiting = generations.indices.filter { generations[$0].finishReason == nil }[...]
    var slots: [Int?] = Array(repeating: nil, count: model.slotCount)
    defer { for slot in slots.indices { model.release(slot: slot) } }
    while true {
      for slot in slots.indices where slots[slot] == nil { slots[slot] = waiting.popFirst() }
      guard slots.contains(where: { $0 != nil }) else { return generations }

      var microBatch = MicroBatch()
      var tokens: [Int] = []
      var deciding: [(generation: Int, slot: Int, row: Int)] = []
      // Sequences being written first: a prompt takes what room they leave.
      let order = slots.indices.compactMap { slot in slots[slot].map { (slot: slot, generation: $0) } }
        .sorted { generations[$0.generation].pendingInput.count < generations[$1.generation].pendingInput.count }
      for (slot, index) in order {
        let room = Model.rowsAtATime - microBatch.rowCount
        guard room > 0, let input = generations[index].takeInput(atMost: room) else { continue }
        microBatch.append(Segment(slot: slot, start: input.start, count: input.tokens.count))
        tokens.append(contentsOf: input.tokens)
        if input.isLast { deciding.append((index, slot, microBatch.rowCount - 1)) }
      }
      try model.forward(tokens, microBatch, into: hidden)
      for (token, place) in zip(try choose(deciding.map { ($0.generation, $0.row) }, generations), deciding) {
        _ = generations[place.generation].accept(token)
        if generations[place.generation].finishReason != nil {
          slots[place.slot] = nil
          model.release(slot: place.slot)
        }
      }
    }
  }

  /// The next token of each generation, from its row of the hidden states.
  private func choose(_ places: [(generation: Int, row: Int)], _ generations: [Generation]) throws -> [SampledToken] {
    try last.resize(rowCount: places.count)
    for (index, place) in places.enumerated() { _ = last[index].update(fromContentsOf: hidden[place.row]) }
    try model.logits(of: last, rows: 0..<places.count, into: logits)
    var chosen: [Result<SampledToken, SamplingError>?] = Array(repeating: nil, count: places.count)
    chosen.withUnsafeMutableBufferPointer { chosen in
      model.pool.forEach(places.count, work: 4 * places.count * model.configuration.vocabularySize) { index in
        let row = UnsafeBufferPointer(logits[index])
        chosen[index] = Result { () throws(SamplingError) in
          try generations[places[index].generation].sample(row.span, kernels: model.kernels)
        }
      }
    }
    return try chosen.map { try $0!.get() }
  }
}
