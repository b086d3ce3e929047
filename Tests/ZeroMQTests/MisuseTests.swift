import Testing

@testable import ZeroMQ

/// What the documentation says must not be done.
@Suite("Misuse", .timeLimit(.minutes(1)))
struct MisuseTests {
  @Test("of a frame that was sent ends the process")
  func sentTwice() async {
    await #expect(processExitsWith: .failure) {
      let pair = try Pair(try Context(), "inproc://twice")
      let frame = Frame([1])
      _ = try pair.dealer.send([frame])
      _ = try pair.dealer.send([frame])
    }
    await #expect(processExitsWith: .failure) {
      let pair = try Pair(try Context(), "inproc://read")
      let frame = Frame([1])
      _ = try pair.dealer.send([frame])
      _ = frame.bytes
    }
  }

  @Test("of a router without a routing id or a message ends the process", arguments: [0, 1])
  func empty(count: Int) async {
    await #expect(processExitsWith: .failure) { [count] in
      let router = try Socket(.router, try Context())
      _ = try router.send((0..<count).map { _ in Frame([1]) })
    }
  }

  @Test("of a connection by a frame that no peer would take ends the process")
  func tooLarge() async {
    await #expect(processExitsWith: .failure) {
      var options = Socket.Options()
      options.largestFrame = 10
      let dealer = try Socket(.dealer, try Context(), options: options)
      _ = try dealer.send([Frame([UInt8](repeating: 0, count: 11))])
    }
  }
}
