@testable import GPT2

/// Vectors as INT8 has them, written from the definition in CKernels.h for reading: in blocks, each with a scale.
struct NaiveBlocks {
  static let length = WeightType.int8Block
  let blockCount: Int
  /// `[vectors, blocks]`
  private(set) var scales: [Float] = []
  /// From -127 to 127, `[vectors, blocks, length]`; the last block is filled up with zeros.
  private(set) var numbers: [Int32] = []

  /// - Parameter vectors: `[count, inner]`
  init(_ vectors: [Float], inner: Int) {
    blockCount = (inner + Self.length - 1) / Self.length
    scales.reserveCapacity(vectors.count / inner * blockCount)
    numbers.reserveCapacity(vectors.count / inner * blockCount * Self.length)
    for first in stride(from: 0, to: vectors.count, by: inner) {
      for begin in stride(from: 0, to: inner, by: Self.length) {
        append(vectors[first + begin..<first + min(begin + Self.length, inner)])
      }
    }
  }

  private mutating func append(_ block: ArraySlice<Float>) {
    let end = numbers.count + Self.length
    defer { numbers += Array(repeating: 0, count: end - numbers.count) }
    guard block.allSatisfy(\.isFinite) else { return scales.append(.nan) }
    let largest = block.reduce(0) { max($0, $1.magnitude) }
    guard largest >= 0x1p-120 else { return scales.append(0) }
    scales.append(largest / 127)
    let factor = 127 / largest
    for value in block { numbers.append(Int32((value * factor).rounded(.toNearestOrEven))) }
  }

  /// What vector `index` stands for, `[inner]`.
  func values(_ index: Int, inner: Int) -> [Float] {
    let first = index * blockCount
    return (0..<inner).map { k in
      Float(numbers[first * Self.length + k]) * scales[first + k / Self.length]
    }
  }
}

extension NaiveProduct {
  /// What a kernel has to make of the product with `b` held as `type`, `[rows, columns]`.
  func expected(as type: WeightType) -> [Float] {
    switch type {
    case .f32: chains
    case .bf16, .f16: rounded(to: type).chains
    case .int8: blockChains
    }
  }

  /// The same product with a matrix whose elements are of the type.
  func rounded(to type: WeightType) -> NaiveProduct {
    NaiveProduct(rows: rows, inner: inner, columns: columns, a: a, b: b.map(type.rounded), bias: bias)
  }

  /// `b` by columns, `[columns, inner]`, as embeddings are stored.
  var transposed: [Float] {
    (0..<columns).flatMap { column in stride(from: column, to: b.count, by: columns).map { b[$0] } }
  }

  /// `[rows, columns]`, each element fma(Σ of the block's products, scale · scale, …) over the blocks, begun at the bias.
  private var blockChains: [Float] {
    let (left, right) = (NaiveBlocks(a, inner: inner), NaiveBlocks(transposed, inner: inner))
    let (blocks, length) = (left.blockCount, NaiveBlocks.length)
    var c: [Float] = []
    c.reserveCapacity(rows * columns)
    left.numbers.withUnsafeBufferPointer { a in
      right.numbers.withUnsafeBufferPointer { b in
        for row in 0..<rows {
          for column in 0..<columns {
            var sum = bias?[column] ?? 0
            for block in 0..<blocks {
              let (from, to) = (row * blocks + block, column * blocks + block)
              var products: Int32 = 0
              for k in 0..<length { products &+= a[from &* length &+ k] &* b[to &* length &+ k] }
              sum.addProduct(Float(products), left.scales[from] * right.scales[to])
            }
            c.append(sum)
          }
        }
      }
    }
    return c
  }
}
