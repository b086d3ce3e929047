/// A tensor as it lies in a checkpoint's file; nothing of it is read before it is asked for.
public struct StoredTensor: Sendable {
  /// How elements are stored, little-endian.
  public enum ElementType: String, Hashable, Sendable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    /// Rounded to the nearest fp32 when read.
    case f64 = "F64"

    /// Size of one element in bytes.
    public var byteCount: Int {
      switch self {
      case .f64: 8
      case .f32: 4
      case .f16, .bf16: 2
      }
    }
  }

  /// The name without `transformer.`.
  public let name: String
  public let elementType: ElementType
  /// Sizes, slowest first; elements are row-major.
  public let shape: [Int]
  let source: ByteSource
  /// Where the elements begin in the file; not aligned to anything.
  let byteOffset: Int

  init(name: String, elementType: ElementType, shape: [Int], source: ByteSource, byteOffset: Int) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.source = source
    self.byteOffset = byteOffset
  }

  /// The same under another name.
  func named(_ name: String) -> StoredTensor {
    StoredTensor(name: name, elementType: elementType, shape: shape, source: source, byteOffset: byteOffset)
  }

  /// A tensor that is the whole of the file at `path`, without a header.
  ///
  /// No descriptor is kept. Throws `.file` errors; `.wrongSize` when the file has not exactly the tensor's bytes.
  ///
  /// - Precondition: the sizes of `shape` are at least 1, and their bytes can be counted.
  public init(
    name: String, elementType: ElementType, shape: [Int], path: String
  ) throws(CheckpointError) {
    precondition(shape.allSatisfy { $0 >= 1 })
    self.init(
      name: name, elementType: elementType, shape: shape, source: try ByteSource(reopening: path), byteOffset: 0)
    guard source.byteCount == byteCount else {
      throw .file(path, .wrongSize(found: source.byteCount, expected: byteCount))
    }
  }

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

  /// The bytes `range`, counted from the tensor's first, as they are stored; otherwise as ``read(elements:into:)``.
  public func read(bytes range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "bytes outside the tensor")
    return try source.read((byteOffset + range.lowerBound)..<(byteOffset + range.upperBound))
  }
}
