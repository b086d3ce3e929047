/// A tensor the model needs: its name in the checkpoint, without `transformer.`, and its exact shape.
public struct TensorSpecification: Hashable, Sendable {
  public let name: String
  /// Sizes, slowest first; elements are row-major.
  public let shape: [Int]
}
