internal import CZMQ

/// libzmq's I/O threads, and the room in which `inproc://` names are found. One a process is enough.
public final class Context: Sendable {
  // Unsafe only to the compiler: libzmq's contexts may be used from any thread.
  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer

  /// Starts the I/O threads.
  ///
  /// - Precondition: `ioThreads` is at least 1.
  /// - Throws: ``ZeroMQError/system(call:code:)`` when descriptors or threads are short.
  public init(ioThreads: Int = 1) throws(ZeroMQError) {
    precondition(ioThreads >= 1)
    guard let pointer = zmq_ctx_new() else { throw ZeroMQError(call: "start ZeroMQ") }
    self.pointer = pointer
    zmq_ctx_set(pointer, ZMQ_IO_THREADS, Int32(ioThreads))
    // Two for each I/O thread and for the thread that closes sockets, one for the context and for the socket below.
    try requireDescriptors(2 * ioThreads + 4, for: "start ZeroMQ")
    // libzmq starts its threads with the first socket; now is when somebody expects that to fail.
    guard let socket = zmq_socket(pointer, ZMQ_PAIR) else { throw ZeroMQError(call: "start ZeroMQ") }
    zmq_close(socket)
  }

  /// Ends every blocked call on this context's sockets, and fails every later one, with ``ZeroMQError/terminated``.
  ///
  /// Sockets still have to go before the context does. May be called from any thread, and more than once.
  public func shutdown() {
    zmq_ctx_shutdown(pointer)
  }

  // Blocks for as long as messages linger. No socket is left: each retains its context.
  deinit {
    while zmq_ctx_term(pointer) == -1, zmq_errno() == EINTR {}
  }
}
