internal import CKernels

/// The loops over a row of logits.
extension Kernels {
  /// The greatest number; NaN when one of them is NaN or there is none.
  func maximum(_ x: Span<Float>) -> Float {
    x.withUnsafeBufferPointer { x in
      guard let base = x.baseAddress else { return .nan }
      return table.pointee.max(base, x.count)
    }
  }

  /// Σ exp(x − maximum).
  func sumOfExponentials(_ x: Span<Float>, minus maximum: Float) -> Double {
    x.withUnsafeBufferPointer { x in
      guard let base = x.baseAddress else { return 0 }
      return table.pointee.sum_exp(base, x.count, maximum)
    }
  }

  /// exp(x · scale − shift) of each.
  func exponentials(_ x: Span<Float>, scale: Float, shift: Float) -> [Float] {
    x.withUnsafeBufferPointer { x in
      guard let base = x.baseAddress else { return [] }
      return [Float](unsafeUninitializedCapacity: x.count) { terms, count in
        table.pointee.exp_terms(base, x.count, scale, shift, terms.baseAddress!)
        count = x.count
      }
    }
  }
}
