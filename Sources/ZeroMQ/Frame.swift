internal import CZMQ

/// One part of a message: bytes that libzmq owns.
///
/// Not Sendable: a frame belongs to one thread at a time.
public final class Frame {
  // On the heap of its own: small messages hold their bytes inside the struct, which must therefore never move.
  let message: UnsafeMutablePointer<zmq_msg_t>
  /// Whether libzmq has taken the bytes; such a frame must not be used again.
  public private(set) var isSent = false

  /// A frame to receive into.
  init() {
    message = .allocate(capacity: 1)
    zmq_msg_init(message)
  }

  /// A copy of `bytes`.
  public init(_ bytes: some Collection<UInt8>) {
    message = .allocate(capacity: 1)
    precondition(zmq_msg_init_size(message, bytes.count) == 0, "no memory for a frame of \(bytes.count) bytes")
    UnsafeMutableRawBufferPointer(start: zmq_msg_data(message), count: bytes.count).copyBytes(from: bytes)
  }

  /// A frame over the caller's `bytes`, which are sent from where they lie.
  ///
  /// - Parameter release: called exactly once, on any thread, when libzmq is done with `bytes` or the frame went away unsent;
  ///   until then they must stay where they are and unchanged.
  public init(borrowing bytes: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
    message = .allocate(capacity: 1)
    let hint = Unmanaged.passRetained(Release(call: release))
    Crossing.release()
    let result = zmq_msg_init_data(
      message, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count,
      { _, hint in
        Crossing.acquire()
        Unmanaged<Release>.fromOpaque(hint!).takeRetainedValue().call()
      }, hint.toOpaque())
    precondition(result == 0, "no memory for a frame")
  }

  deinit {
    zmq_msg_close(message)
    message.deallocate()
  }

  /// Bytes in the frame; 0 after it was sent.
  public var count: Int { zmq_msg_size(message) }

  /// A copy of the bytes.
  public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  /// Calls `body` with the frame's bytes, which need not be aligned to more than 1.
  ///
  /// - Precondition: the frame was not sent.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(!isSent, "the frame was sent")
    return try body(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message)))
  }

  /// Whether more frames of the same message follow.
  var hasMore: Bool { zmq_msg_more(message) != 0 }

  /// Notes that libzmq took the bytes.
  func markSent() { isSent = true }

  /// Gives the bytes up, as if they had been sent.
  func discard() {
    zmq_msg_close(message)
    zmq_msg_init(message)
    isSent = true
  }

  private final class Release: Sendable {
    let call: @Sendable () -> Void
    init(call: @escaping @Sendable () -> Void) { self.call = call }
  }
}
