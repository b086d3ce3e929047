internal import CZMQ
internal import Platform

/// A message of two frames there and back between two threads by libzmq alone: ROUTER and DEALER, as in the pipe, with calls
/// that block, and nothing of this program's own.
public struct LibzmqRoundTrip: Sendable {
  /// Over `inproc://` instead of TCP.
  private let isInProcess: Bool
  private let head: [UInt8]
  private let payload: [UInt8]
  /// How long each end is busy before it sends, which does not count. The other end goes to sleep meanwhile, as the other stages
  /// do.
  private let pause: Duration

  public init(isInProcess: Bool, head: [UInt8], payload: [UInt8], pause: Duration) {
    (self.isInProcess, self.head, self.payload, self.pause) = (isInProcess, head, payload, pause)
  }

  /// Seconds of `count` round trips.
  ///
  /// - Parameter busy: makes, on each end's own thread, what keeps that end busy for so long.
  /// - Throws: ``ZeroMQError``, and what `busy` throws.
  public func measure(count: Int, busy: @escaping @Sendable () throws -> (Duration) -> Void) throws -> [Double] {
    let work = try busy()
    // Over TCP the other end has I/O threads of its own, as another process has. The contexts are only handed on, which may be
    // done from any thread.
    nonisolated(unsafe) let context = try open(zmq_ctx_new())
    defer { zmq_ctx_term(context) }
    nonisolated(unsafe) let otherContext = try isInProcess ? context : open(zmq_ctx_new())
    defer { if !isInProcess { zmq_ctx_term(otherContext) } }
    let router = try socket(ZMQ_ROUTER, context)
    defer { zmq_close(router) }
    try check(zmq_bind(router, isInProcess ? "inproc://trip" : "tcp://127.0.0.1:*"))
    var endpoint = [CChar](repeating: 0, count: 256)
    var endpointSize = endpoint.count
    try check(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, &endpoint, &endpointSize))
    let other = try JoinableThread { [endpoint] in
      // Whatever fails here is missed at the other end.
      guard let work = try? busy(), let dealer = try? socket(ZMQ_DEALER, otherContext) else { return }
      defer { zmq_close(dealer) }
      guard zmq_connect(dealer, endpoint) == 0, (try? send([[0]], on: dealer)) != nil else { return }
      var buffer = self.buffer
      for _ in 0..<count {
        guard (try? receive(2, from: dealer, into: &buffer)) != nil else { return }
        work(pause)
        guard (try? send([head, payload], on: dealer)) != nil else { return }
      }
    }
    defer { other.join() }
    var buffer = buffer
    let length = try receive(1, from: router, into: &buffer)
    let peer = Array(buffer[..<length])
    _ = try receive(1, from: router, into: &buffer)
    return try (0..<count).map { _ in
      work(pause)
      let start = Instant.now
      try send([peer, head, payload], on: router)
      _ = try receive(3, from: router, into: &buffer)
      return (Instant.now - start - pause).seconds
    }
  }

  /// Room for any of the frames.
  private var buffer: [UInt8] { [UInt8](repeating: 0, count: max(256, head.count, payload.count)) }
}

/// A socket whose calls fail after some seconds.
private func socket(_ kind: Int32, _ context: UnsafeMutableRawPointer) throws(ZeroMQError) -> UnsafeMutableRawPointer {
  let socket = try open(zmq_socket(context, kind))
  for (option, value) in [(ZMQ_LINGER, Int32(0)), (ZMQ_RCVTIMEO, 5000), (ZMQ_SNDTIMEO, 5000)] {
    var value = value
    zmq_setsockopt(socket, option, &value, MemoryLayout.size(ofValue: value))
  }
  return socket
}

private func send(_ frames: [[UInt8]], on socket: UnsafeMutableRawPointer) throws(ZeroMQError) {
  for (index, frame) in frames.enumerated() {
    try check(zmq_send(socket, frame, frame.count, index < frames.count - 1 ? ZMQ_SNDMORE : 0))
  }
}

/// The length of the last of `count` frames, which is in the buffer.
private func receive(
  _ count: Int, from socket: UnsafeMutableRawPointer, into buffer: inout [UInt8]
) throws(ZeroMQError) -> Int {
  var length: Int32 = 0
  for _ in 0..<count {
    length = zmq_recv(socket, &buffer, buffer.count, 0)
    try check(length)
  }
  return Int(length)
}

private func open(_ pointer: UnsafeMutableRawPointer?) throws(ZeroMQError) -> UnsafeMutableRawPointer {
  guard let pointer else { throw ZeroMQError(call: "measure a round trip over libzmq") }
  return pointer
}

private func check(_ result: Int32) throws(ZeroMQError) {
  guard result != -1 else { throw ZeroMQError(call: "measure a round trip over libzmq") }
}
