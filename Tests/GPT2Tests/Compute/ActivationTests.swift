import CKernels
import Foundation
import TestSupport
import Testing

@testable import GPT2

@Suite("Activation functions")
struct ActivationTests {
  /// Every size a float can have and both signs, zeros and subnormals; densest where the functions bend.
  private static let inputs: [Float] = {
    var random = SeededNumbers(1)
    let special: [Float] = [
      0, .leastNonzeroMagnitude, 0x1p-140, .leastNormalMagnitude, 1e-30, 1e-8, 0.5, 1, 3, 5, 8, 9, 10, 13, 13.2, 14, 20,
      50, 100, 1e4, 1e18, 1e19,
      1e30, .greatestFiniteMagnitude,
    ]
    let sweep = (0..<20_000).map { Float($0) * 0.0015 }
    let anySize = (0..<20_000).map { _ in Float(bitPattern: UInt32(random.number(0...0x7F7F_FFFF))) }
    return (special + sweep + anySize + random.floats(4096, scale: 6)).flatMap { [$0, -$0] }
  }()

  private static func function(_ activation: Configuration.Activation) -> (Double) -> Double {
    switch activation {
    case .geluTanh: { x in 0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }
    case .gelu: { x in 0.5 * x * erfc(-x / 2.0.squareRoot()) }
    case .gelu10: { x in min(function(.gelu)(x), 10) }
    case .quickGELU: { x in x / (1 + exp(-1.702 * x)) }
    case .silu: { x in x / (1 + exp(-x)) }
    case .mish: { x in x * Foundation.tanh(softplus(x)) }
    case .relu: { x in max(x, 0) }
    case .relu2: { x in max(x, 0) * max(x, 0) }
    case .relu6: { x in min(max(x, 0), 6) }
    case .leakyReLU: { x in x < 0 ? x * 0.01 : x }
    case .hardSwish: { x in x * min(max(x + 3, 0), 6) / 6 }
    case .tanh: { x in Foundation.tanh(x) }
    case .sigmoid: { x in 1 / (1 + exp(-x)) }
    case .laplace: { x in 0.5 * erfc(-(x - 0.707107) / 0.282095 / 2.0.squareRoot()) }
    case .sqrtSoftplus: { x in softplus(x).squareRoot() }
    case .linear: { x in x }
    }
  }

  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  /// Of the larger of input and 1, and for the square of its result.
  private static func tolerance(_ activation: Configuration.Activation) -> Double {
    switch activation {
    case .relu, .relu6, .linear: 0
    // The input is rounded before it is looked at with a slope of 1 / 0.28.
    case .laplace: 4e-7
    default: 1.5e-7
    }
  }

  static func activate(_ kernels: Kernels, _ activation: Configuration.Activation, _ x: PaddedRows) {
    kernels.table.pointee.activate(activation.kernel, x.base, x.pitch, x.rowCount, x.width)
  }

  @Test(
    "are near their formulas, with equal bits on every instruction set", arguments: Configuration.Activation.allCases)
  func formulas(activation: Configuration.Activation) throws {
    let tolerance = Self.tolerance(activation)
    let x = Self.inputs
    let expected = PaddedRows(x)
    Self.activate(try .portable, activation, expected)
    let function = Self.function(activation)
    var worst = (error: 0.0, x: Float(0))
    for (x, y) in zip(x, expected.values) {
      let exact = function(Double(x))
      // Squares leave the range of fp32.
      if Float(exact).isInfinite, y == Float(exact) { continue }
      let error = (Double(y) - exact).magnitude / max(Double(x.magnitude), exact.magnitude, 1)
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
    "keep the sign of zero and let nothing small grow", arguments: Kernels.available,
    Configuration.Activation.allCases.filter { ![.sigmoid, .laplace, .sqrtSoftplus].contains($0) })
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
    var random = SeededNumbers(5)
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
