import CKernels
import Foundation
import TestSupport
import Testing

@Suite("Logarithm")
struct LogarithmTests {
  @Test("is within three units in the last place, from the smallest number to the largest")
  func accuracy() {
    var random = SeededNumbers(1)
    var x: [Double] = (-1074...1023).map { Double(sign: .plus, exponent: $0, significand: 1) }
    x += (0..<20_000).map { _ in Double(bitPattern: random.next() % 0x7FF0_0000_0000_0000) }
    x += (0..<20_000).map { 0.5 + Double($0) * 1e-4 }
    x += [1, 2.0.squareRoot(), 0.5.squareRoot()].flatMap { [$0.nextDown.nextDown, $0.nextDown, $0, $0.nextUp] }
    x += [.leastNonzeroMagnitude, .leastNormalMagnitude, .leastNormalMagnitude.nextDown, .greatestFiniteMagnitude]
    x.removeAll { $0 == 0 }
    var worst = (units: 0.0, x: 0.0)
    for x in x {
      let exact = log(x)
      let units = (gpt2_log(x) - exact).magnitude / max(exact.ulp, .leastNonzeroMagnitude)
      if !(units <= worst.units) { worst = (units, x) }
    }
    #expect(worst.units <= 3, "at \(worst.x)")
    #expect(gpt2_log(1) == 0)
  }
}
