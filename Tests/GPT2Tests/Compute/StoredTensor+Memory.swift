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

extension StoredTensor.ElementType {
  /// The elements as a file has them; numbers are rounded to what the type has.
  func bytes(_ floats: [Float]) -> [UInt8] {
    func bytes(_ words: [some FixedWidthInteger]) -> [UInt8] {
      words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }
    switch self {
    case .f32: return bytes(floats.map(\.bitPattern))
    case .f64: return bytes(floats.map { Double($0).bitPattern })
    case .bf16: return bytes(floats.map { UInt16(WeightType.bf16.rounded($0).bitPattern >> 16) })
    case .f16:
      return bytes(
        floats.map { float in
          let half = WeightType.f16.rounded(float)
          let sign: UInt16 = half.sign == .minus ? 0x8000 : 0
          // Exponents of halves are 112 less; in subnormals the last bit is 2⁻²⁴.
          if half.magnitude < 0x1p-14 { return sign | UInt16(half.magnitude * 0x1p24) }
          return sign | UInt16(half.magnitude.bitPattern >> 13 - 112 << 10)
        })
    }
  }
}
