import CZMQ
import GPT2
import Platform
import ZeroMQ

/// A message of two frames there and back between two threads by libzmq alone: ROUTER and DEALER, as in the pipe, with calls
/// that block, and nothing of this program's own.
struct LibzmqRoundTrip: Sendable {
  /// Over `inproc://` instead of TCP.
  var isInProcess: Bool
  var (head, payload): ([UInt8], [UInt8])
  /// fp32 values that each end reads while the other waits; at least one.
  var memory: Int
  /// How long it reads before it sends, which does not count. The other end goes to sleep meanwhile, as the other stages do,
  /// and what sending and receiving need leaves the caches, as it does where a stage reads its weights.
  var pause: Duration

  /// Seconds of `count` round trips.
  ///
  /// - Throws: ``BenchError/libzmq(_:)``; ``ModelError`` when there is no memory to read.
  func measure(count: Int) throws -> [Double] {
    let kernels = try Kernels.selected()
    var reader = try MemoryReader(count: memory, kernels: kernels)
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
      guard var reader = try? MemoryReader(count: memory, kernels: kernels),
        let dealer = try? socket(ZMQ_DEALER, otherContext)
      else { return }
      defer { zmq_close(dealer) }
      guard zmq_connect(dealer, endpoint) == 0, (try? send([[0]], on: dealer)) != nil else { return }
      var buffer = self.buffer
      for _ in 0..<count {
        guard (try? receive(2, from: dealer, into: &buffer)) != nil else { return }
        reader.read(for: pause)
        guard (try? send([head, payload], on: dealer)) != nil else { return }
      }
    }
    defer { other.join() }
    var buffer = buffer
    let length = try receive(1, from: router, into: &buffer)
    let peer = Array(buffer[..<length])
    _ = try receive(1, from: router, into: &buffer)
    return try (0..<count).map { _ in
      reader.read(for: pause)
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
private func socket(_ kind: Int32, _ context: UnsafeMutableRawPointer) throws(BenchError) -> UnsafeMutableRawPointer {
  let socket = try open(zmq_socket(context, kind))
  for (option, value) in [(ZMQ_LINGER, Int32(0)), (ZMQ_RCVTIMEO, 5000), (ZMQ_SNDTIMEO, 5000)] {
    var value = value
    zmq_setsockopt(socket, option, &value, MemoryLayout.size(ofValue: value))
  }
  return socket
}

private func send(_ frames: [[UInt8]], on socket: UnsafeMutableRawPointer) throws(BenchError) {
  for (index, frame) in frames.enumerated() {
    try check(zmq_send(socket, frame, frame.count, index < frames.count - 1 ? ZMQ_SNDMORE : 0))
  }
}

/// The length of the last of `count` frames, which is in the buffer.
private func receive(
  _ count: Int, from socket: UnsafeMutableRawPointer, into buffer: inout [UInt8]
) throws(BenchError) -> Int {
  var length: Int32 = 0
  for _ in 0..<count {
    length = zmq_recv(socket, &buffer, buffer.count, 0)
    try check(length)
  }
  return Int(length)
}

private func open(_ pointer: UnsafeMutableRawPointer?) throws(BenchError) -> UnsafeMutableRawPointer {
  guard let pointer else { throw .libzmq(String(cString: zmq_strerror(zmq_errno()))) }
  return pointer
}

private func check(_ result: Int32) throws(BenchError) {
  guard result != -1 else { throw .libzmq(String(cString: zmq_strerror(zmq_errno()))) }
}
