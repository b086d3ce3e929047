import TestSupport

/// A matrix product written for reading: what the kernels must equal to the bit, and what both must be near to.
struct NaiveProduct {
  let rows: Int
  let inner: Int
  let columns: Int
  /// `[rows, inner]`
  let a: [Float]
  /// `[inner, columns]`
  let b: [Float]
  /// `[columns]`
  let bias: [Float]?

  init(rows: Int, inner: Int, columns: Int, hasBias: Bool, seed: Int) {
    (self.rows, self.inner, self.columns) = (rows, inner, columns)
    var inputs = SeededNumbers(seed)
    a = inputs.floats(rows * inner)
    b = inputs.floats(inner * columns)
    bias = hasBias ? inputs.floats(columns) : nil
  }

  init(rows: Int, inner: Int, columns: Int, a: [Float], b: [Float], bias: [Float]?) {
    precondition(a.count == rows * inner && b.count == inner * columns && bias?.count ?? columns == columns)
    (self.rows, self.inner, self.columns) = (rows, inner, columns)
    (self.a, self.b, self.bias) = (a, b, bias)
  }

  /// `[rows, columns]`, each element fma(a[k], b[k], …) over k = 0, 1, 2, … begun at the bias.
  var chains: [Float] {
    var c = [Float](repeating: 0, count: rows * columns)
    c.withUnsafeMutableBufferPointer { c in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          for row in 0..<rows {
            for column in 0..<columns {
              var sum = bias?[column] ?? 0
              var (from, to) = (row * inner, column)
              while to < b.count {
                sum.addProduct(a[from], b[to])
                from += 1
                to += columns
              }
              c[row * columns + column] = sum
            }
          }
        }
      }
    }
    return c
  }

  /// The largest distance of `found` from the sum in double precision, in units of what the chain may round away:
  /// inner · 2⁻²⁴ · (|bias| + Σ |a|·|b|).
  func distance(of found: [Float]) -> Double {
    var largest = 0.0
    for row in 0..<rows {
      for column in 0..<columns {
        var sum = Double(bias?[column] ?? 0)
        var magnitude = sum.magnitude
        for k in 0..<inner {
          let term = Double(a[row * inner + k]) * Double(b[k * columns + column])
          sum += term
          magnitude += term.magnitude
        }
        let error = (Double(found[row * columns + column]) - sum).magnitude
        largest = max(largest, error / (Double(inner) * 0x1p-24 * magnitude))
      }
    }
    return largest
  }
}
