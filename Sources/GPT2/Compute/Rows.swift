internal import CKernels
internal import Platform

/// A view of rows that somebody else owns: `count` rows, `pitch` floats apart.
struct Rows {
  var base: UnsafeMutablePointer<Float>
  var pitch: Int
  var count: Int

  init(base: UnsafeMutablePointer<Float>, pitch: Int, count: Int) {
    (self.base, self.pitch, self.count) = (base, pitch, count)
  }

  init(_ activations: Activations) {
    self.init(base: activations.base, pitch: activations.pitch, count: activations.rowCount)
  }
}
