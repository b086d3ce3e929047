import CKernels
import Foundation
import Testing

@testable import GPT2

@Suite("Activation functions")
struct ActivationTests {
  /// Every size a float can have and both signs, zeros and subnormals; densest where the functions bend.
  private static let inputs: [Float] = {
    var random = SeededInputs(1)
    let special: [Float] = [
      0, .leastNonzeroMagnitude, 0x1p-140, .leastNormalMagnitude, 1e-30, 1e-8, 0.5, 1, 3, 5, 8, 9, 10, 13, 13.2, 14, 20,
      50, 100, 1e4, 1e18, 1e19,
      1e30, .greatestFiniteMagnitude,
    ]
    let sweep = (0..<20_000).map { Float($0) * 0.0015 }
    let anySize = (0..<20_000).map { _ in Float(bitPattern: UInt32(random.integer(in: 0...0x7F7F_FFFF))) }
    return (special + sweep + anySize + random.floats(4096, scale: 6)).flatMap { [$0, -$0] }
  }()

  private static func function(_ activation: Configuration.Activation) -> (Double) -> Double {
    switch activation {
    case .geluTanh: { x in 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }
    case .gelu: { x in 0.5 * x * erfc(-x / 2.0.squareRoot()) }
    case .relu: { x in max(x, 0) }
    }
  }

  private static func activate(_ kernels: Kernels, _ activation: Configuration.Activation, _ x: PaddedRows) {
    kernels.table.pointee.activate(activation.kernel, x.base, x.pitch, x.rowCount, x.width)
  }

  @Test(
    "are near their formulas, with equal bits on every instruction set",
    arguments: [(Configuration.Activation.geluTanh, 1.5e-7), (.gelu, 1.5e-7), (.relu, 0)])
  func formulas(activation: Configuration.Activation, tolerance: Double) throws {
    let x = Self.inputs
    let expected = PaddedRows(x)
    Self.activate(try .portable, activation, expected)
    let function = Self.function(activation)
    var worst = (error: 0.0, x: Float(0))
    for (x, y) in zip(x, expected.values) {
      let error = (Double(y) - function(Double(x))).magnitude / max(Double(x.magnitude), 1)
      if !(error <= worst.error) { worst = (error, x) }
    }
    #expect(worst.error <= tolerance, "at \(worst.x)")
    for kernels in Kernels.available {
      let found = PaddedRows(x)
      Self.activate(kernels, activation, found)
      #expect(BitDifference(found.values, expected.values) == nil, "\(kernels.name)")
    }
  }

  @Test(
    "keep the sign of zero and let nothing small grow", arguments: Kernels.available, Configuration.Activation.allCases)
  func small(kernels: Kernels, activation: Configuration.Activation) {
    let values: [Float] = [0, -0.0, 0x1p-149, -0x1p-149, 0x1p-140, -0x1p-140, 1e-30, -1e-30]
    let x = PaddedRows(values)
    Self.activate(kernels, activation, x)
    for (x, y) in zip(values, x.values) {
      #expect(y.magnitude <= x.magnitude)
      #expect(y == 0 || y.sign == x.sign)
    }
    #expect(x.values[0].bitPattern == 0)
  }

  @Test("work on whole rows and parts of them alike", arguments: Kernels.available, Configuration.Activation.allCases)
  func shapes(kernels: Kernels, activation: Configuration.Activation) {
    var random = SeededInputs(5)
    for columns in [1, 2, 15, 16, 17, 31, 33, 64, 70] {
      let values = random.floats(6 * columns, scale: 4)
      let together = PaddedRows(values, rowCount: 6, width: columns)
      Self.activate(kernels, activation, together)
      #expect(together.isIntact)
      let apart = values.map { value in
        let one = PaddedRows([value])
        Self.activate(kernels, activation, one)
        return one.values[0]
      }
      #expect(BitDifference(together.values, apart) == nil, "\(columns) columns")
    }
  }
}
