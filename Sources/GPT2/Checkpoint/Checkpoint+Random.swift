internal import Synchronization

extension Checkpoint {
  /// A model of this shape whose weights are random numbers, the same ones every time: for measuring speed without files.
  ///
  /// All matrices are read from the same memory, as large as the largest of them in BF16, from places of their own. It is
  /// never given back, and used again for models that it is large enough for.
  ///
  /// - Parameter name: for messages.
  /// - Throws: ``CheckpointError`` for a shape that no checkpoint may have.
  public convenience init(randomWeightsOf configuration: Configuration, name: String) throws(CheckpointError) {
    let specifications = configuration.parts.flatMap(configuration.tensors(of:))
    let largest = specifications.map { $0.shape.reduce(1, *) }.max() ?? 1
    let random = ByteSource(name: name, memory: Self.sharedValues(count: largest + Self.period))
    let ones = ByteSource(name: name, memory: Self.ones(count: configuration.width))
    var place = 0
    let tensors = specifications.map { specification in
      // The gains of layer norms are 1, or the values would shrink from block to block.
      let isGain = specification.shape.count == 1 && specification.name.hasSuffix(".weight")
      place = (place + 7919) % Self.period
      return StoredTensor(
        name: specification.name, elementType: .bf16, shape: specification.shape, source: isGain ? ones : random,
        byteOffset: isGain ? 0 : 2 * place)
    }
    try self.init(name: name, configuration: configuration, tensors: tensors)
  }

  /// A prime, so that neighbouring rows of a matrix differ.
  private static let period = 65_521

  /// At least so many of ``randomValues(count:)``, the same memory as long as that is enough.
  private static func sharedValues(count: Int) -> UnsafeRawBufferPointer {
    values.withLock { values in
      if values.count < 2 * count { values = RandomMemory(randomValues(count: count)) }
      return values.bytes
    }
  }

  private static let values = Mutex(RandomMemory(UnsafeRawBufferPointer(start: nil, count: 0)))

  /// BF16 from -0.03 to 0.03, about as far from 0 as weights are, repeated after ``period`` of them.
  private static func randomValues(count: Int) -> UnsafeRawBufferPointer {
    let memory = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: count)
    for index in 0..<min(period, count) {
      var bits = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
      bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
      let unit = Float(bits >> 40) / Float(1 << 24)
      memory[index] = UInt16(truncatingIfNeeded: ((unit - 0.5) * 0.06).bitPattern >> 16).littleEndian
    }
    var filled = min(period, count)
    while filled < count {
      let more = min(filled / period * period, count - filled)
      (memory.baseAddress! + filled).update(from: memory.baseAddress!, count: more)
      filled += more
    }
    return UnsafeRawBufferPointer(memory)
  }

  private static func ones(count: Int) -> UnsafeRawBufferPointer {
    let memory = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: count)
    memory.initialize(repeating: UInt16(0x3F80).littleEndian)
    return UnsafeRawBufferPointer(memory)
  }
}

/// Memory of random numbers, which nobody writes to any more.
private struct RandomMemory: @unchecked Sendable {
  // Unchecked: it is written before anybody has it, and never given back.
  let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: Int { bytes.count }
}
