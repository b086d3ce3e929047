/// A tensor as it lies in a checkpoint's file; nothing of it is read before it is asked for.
public struct StoredTensor: Sendable {
  /// How elements are stored, little-endian.
  public enum ElementType: String, Hashable, Sendable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"

    /// Size of one element in bytes.
    public var byteCount: Int { self == .f32 ? 4 : 2 }
  }

  /// The name without `transformer.`.
  public let name: String
  public let elementType: ElementType
  /// Sizes, slowest first; elements are row-major.
  public let shape: [Int]
  let source: ByteSource
  /// Where the elements begin in the file; not aligned to anything.
  let byteOffset: Int

  /// The file that holds it, for messages.
  public var file: String { source.name }
  public var elementCount: Int { shape.reduce(1, *) }
  public var byteCount: Int { elementCount * elementType.byteCount }

  /// Reads the elements `range`, counted in row-major order, as they are stored into the beginning of `buffer`.
  ///
  /// Blocks on the disk; may be called from any number of threads at once. Throws `.file` errors when the file cannot
  /// be read or has changed since the checkpoint was opened. Elements outside the tensor, or more than `buffer` holds,
  /// trap.
  public func read(
    elements range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= elementCount, "elements outside the tensor")
    let start = byteOffset + range.lowerBound * elementType.byteCount
    try source.read(start..<(start + range.count * elementType.byteCount), into: buffer)
  }
}
