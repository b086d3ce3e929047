internal import CKernels
internal import Synchronization

/// What a stage's blocks work in between their input and their output; used again by every block and pass.
final class StageScratch: @unchecked Sendable {
  // Unchecked: the activations belong to the thread that drives the stage, which shares them out by rows and columns; the
  // score buffers are handed out under a lock.

  /// `[R, C]`: normalised rows, and the joined heads.
  let normed: Activations
  /// `[R, 3C]`: queries, keys and values.
  let wide: Activations
  /// `[R, inner]`: inside the MLP.
  let inner: Activations
  /// `[R, C]`: sums on the way to the residual.
  let sums: Activations
  private let scoreCount: Int
  private let free = Mutex<[UInt]>([])
  private let owned = Mutex<[UInt]>([])

  init(_ configuration: Configuration) throws(ModelError) {
    normed = try Activations(width: configuration.width)
    wide = try Activations(width: 3 * configuration.width)
    inner = try Activations(width: configuration.innerWidth)
    sums = try Activations(width: configuration.width)
    scoreCount = gpt2_attention_scratch(configuration.positionCount)
  }

  deinit {
    for address in owned.withLock({ $0 }) { UnsafeMutablePointer<Float>(bitPattern: address)?.deallocate() }
  }

  func resize(rowCount: Int) throws(ModelError) {
    try normed.resize(rowCount: rowCount)
    try wide.resize(rowCount: rowCount)
    try inner.resize(rowCount: rowCount)
    try sums.resize(rowCount: rowCount)
  }

  /// Lends a thread room for the scores of one attention task.
  func withScores(_ body: (UnsafeMutablePointer<Float>) -> Void) {
    let address =
      free.withLock { $0.popLast() }
      ?? {
        let address = UInt(bitPattern: UnsafeMutablePointer<Float>.allocate(capacity: scoreCount))
        owned.withLock { $0.append(address) }
        return address
      }()
    body(UnsafeMutablePointer<Float>(bitPattern: address)!)
    free.withLock { $0.append(address) }
  }
}
