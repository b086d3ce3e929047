import CKernels
import Foundation
import TestSupport
import Testing

@testable import GPT2

@Suite("Exponential")
struct ExponentialTests {
  private static let low: Float = -87.33654
  private static let high: Float = 88.37

  private static func exponentials(_ x: [Float], scale: Float = 1, shift: Float = 0, _ kernels: Kernels) -> [Float] {
    let out = PaddedRows(width: x.count)
    kernels.table.pointee.exp_terms(x, x.count, scale, shift, out.base)
    #expect(out.isIntact)
    return out.values
  }

  @Test("is near exp over its whole range, with equal bits on every instruction set")
  func accuracy() throws {
    let steps = 400_000
    var x = (0...steps).map { Self.low + (Self.high - Self.low) * (Float($0) / Float(steps)) }
    x += (-126...127).flatMap { n -> [Float] in
      // Where the reduced argument changes sides.
      let border = (Float(n) + 0.5) * Float(0.6931471805599453)
      return [border.nextDown, border, border.nextUp]
    }.filter { $0 >= Self.low && $0 <= Self.high }
    x += (0..<2000).map { Float(bitPattern: UInt32($0) * 500_000) }.flatMap { [$0, -$0] }.filter {
      $0 >= Self.low && $0 <= Self.high
    }
    let expected = Self.exponentials(x, try .portable)
    var worst = (error: 0.0, x: Float(0))
    for (x, y) in zip(x, expected) {
      let error = (Double(y) / exp(Double(x)) - 1).magnitude
      if !(error <= worst.error) { worst = (error, x) }
    }
    #expect(worst.error <= 9e-8, "at \(worst.x)")
    for kernels in Kernels.available {
      #expect(BitDifference(Self.exponentials(x, kernels), expected) == nil, "\(kernels.name)")
    }
  }

  @Test("is exactly 0 below the smallest normal number, and bounded above", arguments: Kernels.available)
  func ends(kernels: Kernels) {
    let below: [Float] = [Self.low.nextDown, -87.34, -88, -100, -103.9, -104, -150, -1e10, -3e38, -.infinity]
    #expect(BitDifference(Self.exponentials(below, kernels), Array(repeating: 0, count: below.count)) == nil)
    #expect(Self.exponentials([Self.low], kernels)[0] >= .leastNormalMagnitude)
    let top = Self.exponentials([Self.high], kernels)[0]
    #expect(top.isFinite && top > 2.3e38)
    #expect(Self.exponentials([Self.high.nextUp, 89, 1e10, .infinity], kernels).allSatisfy { $0 == top })
    #expect(Self.exponentials([0, -0.0], kernels) == [1, 1])
    #expect(Self.exponentials([.nan, 1, -.nan], kernels).map(\.isNaN) == [true, false, true])
  }

  @Test("scales and shifts with one rounding", arguments: Kernels.available)
  func scaleAndShift(kernels: Kernels) {
    var random = SeededNumbers(1)
    for count in [0, 1, 15, 16, 17, 40] {
      let x = random.floats(count, scale: 30)
      let (scale, shift): (Float, Float) = (0.37, 5.1)
      let arguments = x.map { (-shift).addingProduct($0, scale) }
      let found = Self.exponentials(x, scale: scale, shift: shift, kernels)
      #expect(BitDifference(found, Self.exponentials(arguments, kernels)) == nil)
    }
  }
}
