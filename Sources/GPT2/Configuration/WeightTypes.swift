internal import JSON

/// The types of a model's matrices in memory: part of the model, as its shape is.
///
/// Biases, layer norms and position embeddings are fp32 whatever is chosen.
public struct WeightTypes: Hashable, Sendable {
  /// What people ask for.
  public enum Choice: String, Hashable, Sendable, CaseIterable {
    /// Tensor by tensor the type that the checkpoint has, where that changes no bit: all but F64, which becomes F32.
    case auto
    case f32, bf16, f16
    /// The blocks' matrices and the head; the token embedding stays as with `auto`.
    case int8
  }

  public var choice: Choice
  /// Of the blocks' matrices; the largest, where they differ.
  public var blocks: WeightType
  /// Of the token embedding, whose rows enter the first block.
  public var embedding: WeightType
  /// Of the matrix that makes logits.
  public var head: WeightType

  /// Of a checkpoint whose tensors are of these types.
  ///
  /// - Parameter head: the token embedding's, where the head is tied to it.
  init(
    _ choice: Choice, blocks: some Sequence<StoredTensor.ElementType>, embedding: StoredTensor.ElementType,
    head: StoredTensor.ElementType
  ) {
    self.choice = choice
    self.blocks = WeightType.largest(blocks.map(choice.type(ofBlock:))) ?? choice.type(ofBlock: .f32)
    self.embedding = choice.type(ofEmbedding: embedding)
    self.head = choice.type(ofBlock: head)
  }

  /// Of a checkpoint that has all of these tensors.
  init(_ choice: Choice, of tensors: [ExactString: StoredTensor], _ configuration: Configuration) {
    func type(_ name: String) -> StoredTensor.ElementType { tensors[ExactString(name)]?.elementType ?? .f32 }
    let matrices = configuration.parts.filter { if case .block = $0 { true } else { false } }
      .flatMap(configuration.tensors(of:)).filter { $0.shape.count == 2 }
    let embedding = type("wte.weight")
    self.init(
      choice, blocks: matrices.map { type($0.name) }, embedding: embedding,
      head: configuration.tiesHead ? embedding : type(configuration.headTensor.name))
  }

  /// Of a checkpoint of F32, which OpenAI's models are.
  public init(_ choice: Choice = .f32) { self.init(choice, blocks: [.f32], embedding: .f32, head: .f32) }

  /// What another process says of them; nil for names that there are not. Embedding and head are of the coordinator alone.
  public init?(choice: String, blocks: String) {
    guard let choice = Choice(rawValue: choice), let blocks = WeightType(rawValue: blocks) else { return nil }
    self.init(choice)
    self.blocks = blocks
  }

  /// For people and programs: what was chosen, or for `auto` what that comes to.
  public var name: String { choice == .auto ? blocks.rawValue : choice.rawValue }
}

extension WeightTypes.Choice {
  /// In memory, of a block's or the head's matrix that is stored so.
  func type(ofBlock stored: StoredTensor.ElementType) -> WeightType {
    switch self {
    case .auto: stored.kept
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    case .int8: .int8
    }
  }

  /// In memory, of a token embedding that is stored so.
  func type(ofEmbedding stored: StoredTensor.ElementType) -> WeightType {
    self == .int8 ? stored.kept : type(ofBlock: stored)
  }
}

extension StoredTensor.ElementType {
  /// The smallest type in memory that has all of its values; F64 is rounded.
  fileprivate var kept: WeightType {
    switch self {
    case .f32, .f64: .f32
    case .bf16: .bf16
    case .f16: .f16
    }
  }
}
