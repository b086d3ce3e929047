internal import Coordinator
internal import GPT2

/// Embeddings by an engine.
struct EmbeddingService: Sendable {
  let engine: Engine
  /// How many of a request's texts are with the engine at once, so that others have their turn.
  let limit: Int

  /// The mean of each text's hidden states.
  func vectors(of texts: [[Int]], for client: ClientID) async throws -> [[Float]] {
    try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
      var vectors = [[Float]](repeating: [], count: texts.count)
      var next = 0
      func begin() {
        guard next < texts.count else { return }
        let index = next
        next += 1
        group.addTask { (index, try await vector(of: texts[index], for: client)) }
      }
      for _ in 0..<limit { begin() }
      for try await (index, vector) in group {
        vectors[index] = vector
        begin()
      }
      return vectors
    }
  }

  private func vector(of tokens: [Int], for client: ClientID) async throws -> [Float] {
    var mean = MeanPool(width: engine.configuration.width)
    let reading = try Reading(tokens, configuration: engine.configuration)
    for try await states in engine.embed(reading, client: client) {
      if let position = states.firstNotFinite { throw SamplingError.notFinite(position: position) }
      mean.add(states)
    }
    return mean.value
  }
}
