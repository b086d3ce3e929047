import Platform
import Synchronization
import TestSupport
import Testing

@testable import GPT2

@Suite("Packed matrix")
struct PackedMatrixTests {
  /// The two ways in which a checkpoint stores the matrix.
  private static func matrices(
    _ naive: NaiveProduct, as type: WeightType = .f32, _ kernels: Kernels, _ pool: ThreadPool
  ) throws -> [PackedMatrix] {
    [
      try PackedMatrix(
        .memory(naive.b, shape: [naive.inner, naive.columns]), layout: .plain, as: type, kernels: kernels, pool: pool),
      try PackedMatrix(
        .memory(naive.transposed, shape: [naive.columns, naive.inner]), layout: .transposed, as: type, kernels: kernels,
        pool: pool),
    ]
  }

  private static let products = WeightType.allCases.flatMap { type in
    [(1, 40, 300), (1, 500, 700), (6, 390, 131), (7, 19, 5), (193, 33, 150), (400, 21, 70), (580, 5, 65)].map {
      rows, inner, columns in
      let naive = NaiveProduct(rows: rows, inner: inner, columns: columns, hasBias: true, seed: rows)
      return (type: type, naive: naive, expected: naive.expected(as: type))
    }
  }

  @Test(
    "multiplies on any number of threads with the bits of one, from either layout", arguments: Kernels.available,
    [1, 2, 3, 5])
  func threads(kernels: Kernels, threadCount: Int) throws {
    let pool = ThreadPool(threadCount: threadCount)
    for (type, naive, expected) in Self.products {
      let (rows, inner, columns) = (naive.rows, naive.inner, naive.columns)
      var inputs = SeededNumbers(2)
      let residual = inputs.floats(expected.count)
      for matrix in try Self.matrices(naive, as: type, kernels, pool) {
        #expect(matrix.inner == inner && matrix.columns == columns && matrix.type == type)
        #expect(matrix.byteCount >= type.byteCount(inner: inner, columns: columns))
        let x = PaddedRows(naive.a, rowCount: rows, width: inner)
        let out = PaddedRows(rowCount: rows, width: columns)
        matrix.multiply(x.rows, bias: naive.bias!, into: out.rows, pool: pool)
        #expect(BitDifference(out.values, expected) == nil, "\(type), \(rows)×\(inner)×\(columns)")
        let sum = PaddedRows(residual, rowCount: rows, width: columns)
        matrix.multiply(x.rows, bias: naive.bias!, into: out.rows, addingTo: sum.rows, pool: pool)
        #expect(
          BitDifference(sum.values, zip(residual, expected).map(+)) == nil, "\(type), \(rows)×\(inner)×\(columns)")
        #expect(x.isIntact && out.isIntact && sum.isIntact)
      }
    }
  }

  @Test("hands each element out once, finished", arguments: Kernels.available, [1, 2, 3])
  func finish(kernels: Kernels, threadCount: Int) throws {
    let pool = ThreadPool(threadCount: threadCount)
    for (rows, columns) in [(1, 200), (7, 65), (400, 130)] {
      let naive = NaiveProduct(rows: rows, inner: 260, columns: columns, hasBias: false, seed: 1)
      let matrix = try Self.matrices(naive, kernels, pool)[0]
      let x = PaddedRows(naive.a, rowCount: rows, width: 260)
      let out = PaddedRows(rowCount: rows, width: columns)
      let handedOut = Mutex((seen: [Float](repeating: .nan, count: rows * columns), count: 0))
      matrix.multiply(x.rows, bias: nil, into: out.rows, pool: pool) { rows, columns in
        handedOut.withLock { handedOut in
          for row in rows {
            for column in columns { handedOut.seen[row * naive.columns + column] = out.base[row * out.pitch + column] }
          }
          handedOut.count += rows.count * columns.count
        }
      }
      #expect(handedOut.withLock { BitDifference($0.seen, out.values) } == nil)
      #expect(handedOut.withLock { $0.count } == rows * columns)
      #expect(x.isIntact && out.isIntact)
    }
  }

  @Test(
    "packs tensors of several pieces, and gives their columns back", arguments: Kernels.available, WeightType.allCases)
  func pieces(kernels: Kernels, type: WeightType) throws {
    let pool = ThreadPool(threadCount: 3)
    let naive = NaiveProduct(rows: 2, inner: 301, columns: 517, hasBias: true, seed: 8)
    let expected = naive.expected(as: type)
    let stored = naive.transposed
    for matrix in try Self.matrices(naive, as: type, kernels, pool) {
      let x = PaddedRows(naive.a, rowCount: 2, width: 301)
      let out = PaddedRows(rowCount: 2, width: 517)
      matrix.multiply(x.rows, bias: naive.bias!, into: out.rows, pool: pool)
      #expect(x.isIntact && out.isIntact)
      #expect(BitDifference(out.values, expected) == nil)
      for column in [0, 1, 63, 64, 511, 516] {
        let row = PaddedRows(width: 301)
        matrix.copyColumn(column, to: row.base)
        let elements = Array(stored[column * 301..<(column + 1) * 301])
        let kept = type == .int8 ? NaiveBlocks(elements, inner: 301).values(0, inner: 301) : elements.map(type.rounded)
        #expect(BitDifference(row.values, kept) == nil)
        #expect(row.isIntact)
      }
    }
  }

  @Test("refuses NaN and infinity by tensor, file and place", arguments: [0, 1, 70_000, 155_616], WeightType.allCases)
  func notFinite(index: Int, type: WeightType) throws {
    let pool = ThreadPool(threadCount: 2)
    var elements = [Float](repeating: 0.5, count: 301 * 517)
    elements[index] = index % 2 == 0 ? .nan : -.infinity
    let tensor = StoredTensor.memory(elements, shape: [301, 517])
    for layout in [PackedMatrix.Layout.plain, .transposed] {
      #expect(throws: CheckpointError.notFinite(tensor: "weight", file: "memory/weights", index: index)) {
        _ = try PackedMatrix(tensor, layout: layout, as: type, kernels: .portable, pool: pool)
      }
    }
  }

  @Test(
    "refuses what its type cannot hold by tensor, file, place and value, in one line that says what to do",
    arguments: [
      (WeightType.f16, 70_000 as Float, "bf16"), (.f16, -65_520, "bf16"), (.bf16, 3.4e38, "f32"),
      (.bf16, -0x1.FFp127, "f32"),
    ])
  func beyond(type: WeightType, value: Float, remedy: String) throws {
    let pool = ThreadPool(threadCount: 2)
    for (index, layout) in [(0, PackedMatrix.Layout.plain), (70_000, .transposed), (155_616, .plain)] {
      var elements = [Float](repeating: 0.5, count: 301 * 517)
      elements[index] = value
      let tensor = StoredTensor.memory(elements, shape: [301, 517])
      let error = #expect(throws: CheckpointError.self) {
        _ = try PackedMatrix(tensor, layout: layout, as: type, kernels: .portable, pool: pool)
      }
      #expect(error == .beyond(type, tensor: "weight", file: "memory/weights", index: index, value: value))
      let line = try #require(error).description
      #expect(line.isOneLine)
      for part in [
        "memory/weights: ", "weight", "\(value)", "element \(index)", "\(type)", "--weights auto, or \(remedy)",
      ] {
        #expect(line.contains(part), "\(part)")
      }
      for other in WeightType.allCases where other != type && !(other == .f16 && type == .bf16) {
        _ = try PackedMatrix(tensor, layout: layout, as: other, kernels: .portable, pool: pool)
      }
    }
  }

  @Test("holds the largest numbers of its type, and what is rounded to them")
  func largest() throws {
    let pool = ThreadPool(threadCount: 1)
    for (type, value) in [(WeightType.f16, (65_520 as Float).nextDown), (.bf16, (0x1.FFp127 as Float).nextDown)] {
      let matrix = try PackedMatrix(
        .memory([value, -value], shape: [2, 1]), layout: .plain, as: type, kernels: .portable, pool: pool)
      var column: [Float] = [0, 0]
      matrix.copyColumn(0, to: &column)
      #expect(column == [type.largest, -type.largest])
    }
  }

  @Test("shares of a count are contiguous, complete and nearly equal")
  func shares() {
    for count in [0, 1, 5, 12, 193, 1000] {
      for parts in [1, 2, 3, 7, 16] {
        let shares = (0..<parts).map { share($0, of: parts, in: count) }
        #expect(shares.flatMap(Array.init) == Array(0..<count))
        #expect(shares.map(\.count).max()! - shares.map(\.count).min()! <= 1)
      }
    }
  }
}
