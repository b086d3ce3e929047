import CKernels
import Foundation
import TestSupport
import Testing

@testable import GPT2

@Suite("Reductions")
struct ReductionTests {
  private static let counts = [1, 2, 15, 16, 17, 31, 33, 511, 512, 513, 1023, 1025, 50257]

  @Test("adds up exponentials, with equal bits on every instruction set", arguments: counts, [Float(1), 20, 300])
  func sumOfExponentials(count: Int, scale: Float) throws {
    var random = SeededNumbers(count)
    let x = random.floats(count, scale: scale)
    let top = x.max()!
    let exact = x.reduce(0.0) { $0 + exp(Double($1) - Double(top)) }
    let expected = try Kernels.portable.table.pointee.sum_exp(x, count, top)
    // A term is off by less than 1e-7, and by the rounding of its argument; the errors of many cancel.
    #expect((expected / exact - 1).magnitude <= 3e-7)
    for kernels in Kernels.available {
      #expect(kernels.table.pointee.sum_exp(x, count, top).bitPattern == expected.bitPattern, "\(kernels.name)")
    }
  }

  @Test("adds up nothing to 0, and NaN to NaN", arguments: Kernels.available)
  func ends(kernels: Kernels) {
    #expect(kernels.table.pointee.sum_exp([1], 0, 0) == 0)
    for index in [0, 5, 15, 16, 20] {
      var x = [Float](repeating: 1, count: 21)
      x[index] = .nan
      #expect(kernels.table.pointee.sum_exp(x, 21, 1).isNaN)
    }
    #expect(kernels.table.pointee.sum_exp([3, -.infinity, 3], 3, 3) == 2)
  }

  @Test("finds the largest element wherever it is", arguments: Kernels.available)
  func largest(kernels: Kernels) {
    var random = SeededNumbers(4)
    for count in 1...50 {
      let x = random.floats(count, scale: 5)
      #expect(kernels.table.pointee.max(x, count) == x.max()!)
      for index in 0..<count {
        var x = x
        x[index] = 7
        #expect(kernels.table.pointee.max(x, count) == 7)
        x[index] = .infinity
        #expect(kernels.table.pointee.max(x, count) == .infinity)
      }
      #expect(kernels.table.pointee.max(x.map { $0 - 100 }, count) == x.map { $0 - 100 }.max()!)
      #expect(kernels.table.pointee.max(Array(repeating: -.infinity, count: count), count) == -.infinity)
    }
  }

  @Test("is NaN when any element is, or there is none", arguments: Kernels.available)
  func notANumber(kernels: Kernels) {
    var random = SeededNumbers(6)
    #expect(kernels.table.pointee.max([1], 0).isNaN)
    for count in 1...50 {
      let x = random.floats(count)
      for index in 0..<count {
        for nan in [Float.nan, -.nan, .signalingNaN] {
          var x = x
          x[index] = nan
          x[(index + 1) % count] = count == 1 ? nan : .infinity
          #expect(kernels.table.pointee.max(x, count).isNaN, "NaN at \(index) of \(count)")
        }
      }
    }
  }

  @Test("reads every element", arguments: Kernels.available)
  func read(kernels: Kernels) {
    for count in [0, 1, 15, 63, 64, 65, 1000, 4096] {
      // Whole numbers small enough to add up without rounding, in any order.
      #expect(
        kernels.table.pointee.read((0..<count).map { Float($0 % 97) }, count)
          == Float((0..<count).reduce(0) { $0 + $1 % 97 }))
    }
  }

  @Test("counts the multiply-adds of its peak", arguments: Kernels.available)
  func peak(kernels: Kernels) {
    var sink: Float = 0
    let one = kernels.table.pointee.fma_peak(1, &sink)
    #expect(one > 0 && sink.isFinite && sink != 0)
    #expect(kernels.table.pointee.fma_peak(1000, &sink) == 1000 * one)
  }
}
