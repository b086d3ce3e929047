public import GPT2

/// Where a worker takes its weights from.
public enum SliceSource: Sendable {
  /// Its own files, or a model in its memory.
  case checkpoint(Checkpoint)
  /// Nothing of its own: what the cache has, and the rest from the coordinator.
  case cache(TensorCache)
}
