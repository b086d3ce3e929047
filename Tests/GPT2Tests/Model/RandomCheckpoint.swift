import TestSupport

@testable import GPT2

extension Checkpoint {
  /// A GPT-2 in memory whose every tensor matters: lively matrices, biases that are not 0, gains that are not 1.
  ///
  /// - Parameter stored: of a tensor's name, how the file has it: numbers are rounded to that.
  static func random(
    _ configuration: Configuration, seed: Int, weights: WeightTypes.Choice = .auto,
    stored: (String) -> StoredTensor.ElementType = { _ in .f32 }
  ) throws -> Checkpoint {
    var inputs = SeededNumbers(seed)
    let tensors = configuration.parts.flatMap(configuration.tensors(of:)).map { specification in
      let count = specification.shape.reduce(1, *)
      let floats =
        switch specification.name {
        case let name where name.hasSuffix("ln_1.weight") || name.hasSuffix("ln_2.weight") || name == "ln_f.weight":
          inputs.floats(count, scale: 0.4).map { 1 + $0 }
        case "wpe.weight": inputs.floats(count, scale: 1.4)
        case "wte.weight", "lm_head.weight": inputs.floats(count, scale: 0.7)
        default: inputs.floats(count, scale: 0.35)
        }
      return ToyCheckpoint.Tensor(
        name: specification.name, type: stored(specification.name).rawValue, shape: specification.shape,
        bytes: stored(specification.name).bytes(floats))
    }
    let json = """
      {"model_type":"gpt2","n_layer":\(configuration.layerCount),"n_head":\(configuration.headCount),\
      "n_embd":\(configuration.width),"n_positions":\(configuration.positionCount),\
      "n_inner":\(configuration.innerWidth),"vocab_size":\(configuration.vocabularySize),\
      "activation_function":"\(configuration.activation.rawValue)",\
      "tie_word_embeddings":\(configuration.tiesHead)}
      """
    let checkpoint = try Checkpoint(
      .memory(["config.json": Array(json.utf8), "model.safetensors": ToyCheckpoint.safetensors(tensors)]),
      weights: weights)
    precondition(checkpoint.configuration.isLike(configuration))
    return checkpoint
  }
}

/// Random models that tests share, with more rows than a block of the product and inner sizes beyond one.
enum RandomModels {
  /// Whole registers: D = 16.
  static let evenShape = Configuration(
    layerCount: 4, headCount: 3, width: 48, positionCount: 160, innerWidth: 400, vocabularySize: 101)
  /// D = 7; nothing is a whole number of registers, panels or tiles.
  static let oddShape = Configuration(
    layerCount: 3, headCount: 3, width: 21, positionCount: 75, innerWidth: 37, vocabularySize: 53, activation: .gelu,
    tiesHead: false)
  static let even = Result { try Checkpoint.random(evenShape, seed: 1) }
  static let odd = Result { try Checkpoint.random(oddShape, seed: 2) }

  static func tokens(_ counts: [Int], of configuration: Configuration, seed: Int) -> [[Int]] {
    var inputs = SeededNumbers(seed)
    return counts.map { count in (0..<count).map { _ in inputs.number(0...configuration.vocabularySize - 1) } }
  }
}
