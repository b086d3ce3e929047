/// A part of the model that can be held, loaded and identified apart from the others.
public enum ModelPart: Hashable, Sendable {
  /// Token and position embeddings.
  case embedding
  /// The transformer block of this index.
  case block(Int)
  /// The layer norm behind the last block.
  case finalNorm
  /// The matrix from hidden states to logits. It has no tensor of its own when it is the token embedding.
  case head
}
