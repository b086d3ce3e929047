internal import Synchronization

/// Dense activations that are used again from pass to pass, and may be lent to whoever sends their bytes.
public final class ActivationsPool: @unchecked Sendable {
  // Unchecked: buffers in the pool are nobody's; the lock hands each to one owner.
  /// Addresses of retained buffers.
  private let free = Mutex<[UInt]>([])
  private let width: Int

  /// - Parameter width: values in a row, C.
  public init(width: Int) { self.width = width }

  deinit { for address in free.withLock({ $0 }) { _ = Self.taken(address) } }

  /// Activations `[R, C]` without gaps between rows; what they hold is undefined.
  public func take(rowCount: Int) throws(ModelError) -> Activations {
    let buffer: Activations =
      if let kept = free.withLock({ $0.popLast() }) { Self.taken(kept) } else {
        try Activations(width: width, isDense: true)
      }
    try buffer.resize(rowCount: rowCount)
    return buffer
  }

  /// Gives a buffer back.
  public func put(_ buffer: consuming Activations) {
    let address = Self.retained(buffer)
    free.withLock { $0.append(address) }
  }

  /// The bytes of a buffer for somebody else to read, until they call `release`, from any thread: it is put back then.
  ///
  /// The caller must not touch the buffer any more.
  public func lend(
    _ buffer: consuming Activations
  ) -> (bytes: UnsafeRawBufferPointer, release: @Sendable () -> Void) {
    let bytes = UnsafeRawBufferPointer(buffer.bytes)
    let address = Self.retained(buffer)
    return (bytes, { [self] in free.withLock { $0.append(address) } })
  }

  private static func retained(_ buffer: Activations) -> UInt {
    UInt(bitPattern: Unmanaged.passRetained(buffer).toOpaque())
  }

  private static func taken(_ address: UInt) -> Activations {
    Unmanaged<Activations>.fromOpaque(UnsafeRawPointer(bitPattern: address)!).takeRetainedValue()
  }
}
