import ArgumentParser
import GPT2

/// The shapes of OpenAI's models.
enum ModelShape: String, Decodable, ExpressibleByArgument, CaseIterable {
  case gpt2
  case gpt2Medium = "gpt2-medium"
  case gpt2Large = "gpt2-large"
  case gpt2XL = "gpt2-xl"

  var configuration: Configuration {
    let (layers, heads, width) =
      switch self {
      case .gpt2: (12, 12, 768)
      case .gpt2Medium: (24, 16, 1024)
      case .gpt2Large: (36, 20, 1280)
      case .gpt2XL: (48, 25, 1600)
      }
    return Configuration(
      layerCount: layers, headCount: heads, width: width, positionCount: 1024, vocabularySize: 50257)
  }

  /// Of a model whose weights are held so; with `auto` as F32, which OpenAI's files are.
  func configuration(_ weights: WeightTypes.Choice) -> Configuration {
    var configuration = configuration
    configuration.weights = WeightTypes(weights == .auto ? .f32 : weights)
    return configuration
  }

  /// For people.
  var title: String {
    let size =
      switch self {
      case .gpt2: "124M"
      case .gpt2Medium: "355M"
      case .gpt2Large: "774M"
      case .gpt2XL: "1.5B"
      }
    return "\(rawValue)'s shape (\(size) parameters)"
  }
}

extension Checkpoint {
  /// Random weights of this shape, the same in every process.
  convenience init(_ shape: ModelShape, weights: WeightTypes.Choice) throws(CheckpointError) {
    try self.init(randomWeightsOf: shape.configuration(weights), name: shape.title)
  }
}
