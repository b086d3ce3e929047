internal import CKernels

extension StoredTensor {
  /// Reads elements as fp32 into memory that lives as long as the call.
  ///
  /// - Parameter type: what all elements have to fit into.
  /// - Throws: ``CheckpointError``: the file cannot be read, or an element is NaN, infinite, or becomes so in the type.
  func withFloats(
    in range: Range<Int>, thatFit type: WeightType = .f32,
    _ body: (UnsafePointer<Float>) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    // Stored bytes of smaller elements stand at the end of the room for the floats, so that converting overtakes nothing:
    // element i is written at 4i and read at or above it.
    let count = range.count
    let room = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * max(4, elementType.byteCount), alignment: MemoryLayout<Double>.alignment)
    defer { room.deallocate() }
    let floats = room.bindMemory(to: Float.self, capacity: count)
    let stored = room + count * max(0, 4 - elementType.byteCount)
    try read(
      elements: range, into: UnsafeMutableRawBufferPointer(start: stored, count: count * elementType.byteCount))
    let finite = gpt2_convert(elementType.kernel, stored, count, floats)
    guard finite == count else {
      throw CheckpointError.notFinite(tensor: name, file: file, index: range.lowerBound + finite)
    }
    if type.rawValue != elementType.rawValue.lowercased() {
      let fitting = gpt2_first_beyond(type.kernel, floats, count)
      guard fitting == count else {
        throw CheckpointError.beyond(
          type, tensor: name, file: file, index: range.lowerBound + fitting, value: floats[fitting])
      }
    }
    try body(floats)
  }
}

extension StoredTensor {
  /// Whether another tensor of this shape has the same values, whatever the types of both. Reads up to the first that differs.
  ///
  /// - Throws: ``CheckpointError``, as ``withFloats(in:_:)``.
  func hasValues(of other: StoredTensor) throws(CheckpointError) -> Bool {
    precondition(shape == other.shape)
    let piece = 1 << 16
    for start in stride(from: 0, to: elementCount, by: piece) {
      let range = start..<min(start + piece, elementCount)
      var isEqual = false
      try withFloats(in: range) { a throws(CheckpointError) in
        try other.withFloats(in: range) { b in isEqual = (0..<range.count).allSatisfy { a[$0] == b[$0] } }
      }
      guard isEqual else { return false }
    }
    return true
  }
}

extension StoredTensor.ElementType {
  var kernel: gpt2_element {
    switch self {
    case .f32: GPT2_STORED_F32
    case .f16: GPT2_STORED_F16
    case .bf16: GPT2_STORED_BF16
    case .f64: GPT2_STORED_F64
    }
  }
}

extension Checkpoint {
  /// All elements of a tensor as fp32, row-major.
  func floats(_ name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
    let tensor = try tensor(name, shape: shape)
    let count = shape.reduce(1, *)
    var floats: [Float] = []
    try tensor.withFloats(in: 0..<count) { floats = Array(UnsafeBufferPointer(start: $0, count: count)) }
    return floats
  }

  func vector(_ name: String, count: Int) throws(CheckpointError) -> [Float] { try floats(name, shape: [count]) }
}
