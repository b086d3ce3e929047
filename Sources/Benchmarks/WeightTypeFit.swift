/// What a model's weights take when they are held as one type, and whether the machines of a plan have the memory.
package struct WeightTypeFit: Encodable, Equatable {
  /// The type's name.
  var weights: String
  /// Of all blocks.
  var blockBytes: Int
  /// Of embeddings, ln_f and head.
  var coordinatorBytes: Int
  /// Whether there is room for the blocks and for the cache of one text of full length.
  var fits: Bool

  enum CodingKeys: String, CodingKey {
    case weights, fits
    case blockBytes = "block_weight_bytes"
    case coordinatorBytes = "coordinator_weight_bytes"
  }
}
