import CKernels
import TestSupport
import Testing

@testable import GPT2

@Suite("Layer norm")
struct LayerNormTests {
  struct Input: Sendable, CustomTestStringConvertible {
    var width: Int
    var offset: Float
    var scale: Float
    var epsilon: Float
    var testDescription: String { "width \(width), \(offset) ± \(scale), epsilon \(epsilon)" }
  }

  private static let inputs =
    [1, 2, 7, 15, 16, 17, 21, 31, 32, 48, 768, 1600].map { Input(width: $0, offset: 0.3, scale: 2, epsilon: 1e-5) }
    + [
      Input(width: 37, offset: 100, scale: 1, epsilon: 1e-5), Input(width: 64, offset: -3, scale: 1e-4, epsilon: 1e-3),
      Input(width: 48, offset: 0, scale: 1e-12, epsilon: 1e-5), Input(width: 48, offset: 0, scale: 1e4, epsilon: 1e-12),
    ]

  private static func run(_ kernels: Kernels, _ x: PaddedRows, _ gain: [Float], _ offset: [Float], _ epsilon: Float)
    -> PaddedRows
  {
    let out = PaddedRows(rowCount: x.rowCount, width: x.width, padding: 3)
    kernels.table.pointee.layer_norm(
      x.base, x.pitch, x.rowCount, x.width, gain, offset, epsilon, out.base, out.pitch)
    return out
  }

  @Test("is near its formula, with equal bits on every instruction set", arguments: inputs)
  func formula(input: Input) throws {
    var random = SeededNumbers(input.width)
    let (rows, width) = (5, input.width)
    let x = PaddedRows(
      random.floats(rows * width, scale: input.scale).map { $0 + input.offset }, rowCount: rows, width: width)
    let (gain, offset) = (random.floats(width, scale: 2), random.floats(width))
    let expected = Self.run(try .portable, x, gain, offset, input.epsilon).values
    let values = x.values
    for row in 0..<rows {
      let x = values[row * width..<(row + 1) * width].map(Double.init)
      let mean = x.reduce(0, +) / Double(width)
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      let factor = 1 / (variance + Double(input.epsilon)).squareRoot()
      // What the mean is off by, a rounding of the largest element, is scaled like the elements themselves.
      let tolerance = 1e-6 + x.map(\.magnitude).max()! * factor * 4e-7
      for i in 0..<width {
        let y = (x[i] - mean) * factor * Double(gain[i]) + Double(offset[i])
        #expect((Double(expected[row * width + i]) - y).magnitude <= tolerance)
      }
    }
    for kernels in Kernels.available {
      let out = Self.run(kernels, x, gain, offset, input.epsilon)
      #expect(BitDifference(out.values, expected) == nil, "\(kernels.name)")
      #expect(out.isIntact && x.isIntact, "\(kernels.name)")
    }
  }

  @Test("turns a row of one value into the offsets", arguments: Kernels.available, [1, 20, 48, 768])
  func constantRow(kernels: Kernels, width: Int) {
    var random = SeededNumbers(2)
    let (gain, offset) = (random.floats(width), random.floats(width))
    let x = PaddedRows(Array(repeating: 0.1875, count: width))
    #expect(BitDifference(Self.run(kernels, x, gain, offset, 1e-5).values, offset) == nil)
  }

  @Test("takes each row for itself", arguments: Kernels.available)
  func rows(kernels: Kernels) {
    var random = SeededNumbers(3)
    let (gain, offset) = (random.floats(21), random.floats(21))
    let values = random.floats(9 * 21)
    let together = Self.run(kernels, PaddedRows(values, rowCount: 9, width: 21), gain, offset, 1e-5).values
    let apart = (0..<9).flatMap {
      Self.run(kernels, PaddedRows(Array(values[$0 * 21..<($0 + 1) * 21])), gain, offset, 1e-5).values
    }
    #expect(BitDifference(together, apart) == nil)
  }
}
