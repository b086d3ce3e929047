public import Platform
internal import Synchronization

extension StoredTensor {
  /// Hashes the tensor, reading it once in pieces of 1 MiB; see ``Fingerprint``.
  ///
  /// Blocks on the disk and on the arithmetic, about a second for each gigabyte; different tensors may be hashed on
  /// different threads. Throws what ``read(elements:into:)`` does.
  public func fingerprint() throws(CheckpointError) -> Fingerprint {
    var hasher = Fingerprint.Hasher("gpt2 tensor 1\n")
    hasher.update("\(name) \(elementType.rawValue) \(shape.map { String($0) }.joined(separator: ","))\n")
    let piece = (1 << 20) / elementType.byteCount
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: elementCount, by: piece) {
      let elements = start..<min(start + piece, elementCount)
      try read(elements: elements, into: buffer)
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<(elements.count * elementType.byteCount)]))
    }
    return hasher.finish()
  }
}

extension Checkpoint {
  /// Identifies the configuration and these parts' tensors; nil stands for the whole model.
  ///
  /// Reads all of their bytes, on this thread. To spread the work, hash the tensors with ``StoredTensor/fingerprint()``
  /// and combine them with ``Fingerprint/init(_:_:)``: the result is the same.
  public func fingerprint(of parts: [ModelPart]? = nil) throws(CheckpointError) -> Fingerprint {
    var tensors: [(name: String, fingerprint: Fingerprint)] = []
    for part in parts ?? configuration.parts {
      for tensor in self.tensors(of: part) { tensors.append((tensor.name, try tensor.fingerprint())) }
    }
    return Fingerprint(configuration, tensors)
  }
}

extension Configuration {
  /// Identifies the configuration alone: the fingerprint of no tensors.
  public var fingerprint: Fingerprint { Fingerprint(self, []) }

  /// The configuration for ``Fingerprint``: by its name in `config.json`, in a fixed order, on one line, every field that
  /// the function has; where texts begin and end is not part of it.
  var fingerprintLine: String {
    let epsilon = String(layerNormEpsilon.bitPattern, radix: 16)
    return
      "n_layer=\(layerCount) n_head=\(headCount) n_embd=\(width) n_positions=\(positionCount) n_inner=\(innerWidth)"
      + " vocab_size=\(vocabularySize) layer_norm_epsilon=\(epsilon) activation_function=\(activation.rawValue)"
      + " scale_attn_weights=\(scalesAttention) scale_attn_by_inverse_layer_idx=\(scalesAttentionByInverseLayer)"
      + " tie_word_embeddings=\(tiesHead)\n"
  }
}

extension Collection<StoredTensor> {
  /// The tensors' fingerprints, in their order, hashed on all threads of the pool.
  ///
  /// Blocks like ``StoredTensor/fingerprint()``; `progress` is called on this thread, once for each tensor, as they are
  /// hashed. Throws the first error that was met.
  public func fingerprints(
    pool: ThreadPool, progress: () -> Void = {}
  ) throws(CheckpointError) -> [Fingerprint] {
    let tensors = Array(self)
    // Tensors of one size go together, so that no thread waits long for another, and nobody long for word of progress.
    let order = tensors.indices.sorted { tensors[$0].byteCount > tensors[$1].byteCount }
    let results = Mutex<[Result<Fingerprint, CheckpointError>?]>(Array(repeating: nil, count: tensors.count))
    for start in stride(from: 0, to: order.count, by: pool.threadCount) {
      let group = order[start..<Swift.min(start + pool.threadCount, order.count)]
      pool.forEach(group.count) { task in
        let index = group[start + task]
        let result = Result { () throws(CheckpointError) in try tensors[index].fingerprint() }
        results.withLock { $0[index] = result }
      }
      for _ in group { progress() }
    }
    var fingerprints: [Fingerprint] = []
    for case let result? in results.withLock({ $0 }) { fingerprints.append(try result.get()) }
    return fingerprints
  }
}
