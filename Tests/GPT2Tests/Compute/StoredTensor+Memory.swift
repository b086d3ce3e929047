@testable import GPT2

extension StoredTensor {
  /// A tensor of fp32 elements, row-major, in a file `memory/weights` that begins with some other bytes.
  static func memory(_ elements: [Float], shape: [Int]) -> StoredTensor {
    precondition(shape.reduce(1, *) == elements.count)
    let prefix = 3
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: prefix + elements.count * 4, alignment: 1)
    bytes.initializeMemory(as: UInt8.self, repeating: 0xFF)
    elements.withUnsafeBytes {
      bytes.baseAddress!.advanced(by: prefix).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
    }
    return StoredTensor(
      name: "weight", elementType: .f32, shape: shape,
      source: ByteSource(name: "memory/weights", memory: UnsafeRawBufferPointer(bytes)), byteOffset: prefix)
  }
}
