internal import Pipeline

/// Bytes of one tensor that travel as one piece.
public struct PieceRange: Hashable, Sendable {
  /// Index into the assignment's tensors.
  public var tensor: Int
  public var offset: Int
  public var byteCount: Int
}
