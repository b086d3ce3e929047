internal import CKernels
public import Platform
internal import Synchronization

/// What this machine does at most, on all threads of a pool at once: what a model's speed is held against.
public final class MachineLimits {
  private let kernels: Kernels
  private let pool: ThreadPool
  private let memory: PageBuffer

  /// Far more than any cache holds.
  private static let readFloats = 64 << 20

  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public init(kernels: Kernels, pool: ThreadPool) throws(ModelError) {
    (self.kernels, self.pool) = (kernels, pool)
    memory = try PageBuffer(count: Self.readFloats, fillsUp: true)
    memory.floats.update(repeating: 1)
  }

  /// fp32 fused multiply-adds in registers, in GFLOP/s, a multiply-add counting as two.
  public func fmaRate() -> Double { rate { kernels.table.pointee.fma_peak(1_000_000, $0) } }

  /// Sums of products of 8-bit numbers in registers, in GOP/s, a multiply-add counting as two.
  public func dotRate() -> Double { rate { kernels.table.pointee.dot_peak(1_000_000, $0) } }

  /// What products with matrices of a type are made of: of 8-bit numbers or of fp32, in 10⁹ operations a second.
  public func productRate(_ type: WeightType) -> Double { type == .int8 ? dotRate() : fmaRate() }

  /// 10⁹ operations a second that all threads do.
  ///
  /// - Parameter work: does some, and says how many.
  private func rate(_ work: (UnsafeMutablePointer<Float>) -> Double) -> Double {
    let operations = Mutex(0.0)
    let time = Duration.taken {
      pool.forEach(pool.threadCount) { _ in
        var sink: Float = 0
        let done = work(&sink)
        operations.withLock { $0 += done }
      }
    }
    return operations.withLock { $0 } / (time / .seconds(1)) / 1e9
  }

  /// Memory read from end to end, in GB/s.
  public func readRate() -> Double {
    let time = Duration.taken {
      pool.forEach(pool.threadCount) { thread in
        let part = share(thread, of: pool.threadCount, in: Self.readFloats)
        _ = kernels.table.pointee.read(memory.base + part.lowerBound, part.count)
      }
    }
    return Double(Self.readFloats * 4) / (time / .seconds(1)) / 1e9
  }
}
