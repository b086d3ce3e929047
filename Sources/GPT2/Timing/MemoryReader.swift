internal import CKernels
internal import Platform

/// Reads memory from end to end, over and over: what one thread does with a model's weights for one row.
public struct MemoryReader: ~Copyable {
  private let kernels: Kernels
  private let memory: PageBuffer
  /// Where it reads on.
  private(set) var place = 0

  /// Floats between two looks at the clock, some microseconds.
  private static let step = 16 << 10

  /// - Parameter count: fp32 values of the memory, at least one.
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public init(count: Int, kernels: Kernels) throws(ModelError) {
    precondition(count >= 1)
    self.kernels = kernels
    memory = try PageBuffer(count: count, fillsUp: true)
    memory.floats.update(repeating: 1)
  }

  /// Reads on from where it was, for `duration` or a little longer.
  public mutating func read(for duration: Duration) {
    let end = Instant.now + duration
    repeat {
      let count = min(Self.step, memory.floats.count - place)
      _ = kernels.table.pointee.read(memory.base + place, count)
      place = (place + count) % memory.floats.count
    } while .now < end
  }
}
