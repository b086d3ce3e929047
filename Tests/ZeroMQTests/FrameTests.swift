import Platform
import Synchronization
import Testing

@testable import ZeroMQ

@Suite("A frame over the caller's bytes", .timeLimit(.minutes(1)))
struct FrameTests {
  /// Bytes to lend, which know how often they came back.
  final class Loan: Sendable {
    nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer
    let returned = Atomic<Int>(0)
    let wakeup: Wakeup

    init(count: Int) throws {
      bytes = .allocate(byteCount: count, alignment: 64)
      for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: index * 7) }
      wakeup = try Wakeup()
    }

    deinit { bytes.deallocate() }

    func frame() -> Frame {
      Frame(borrowing: UnsafeRawBufferPointer(bytes)) {
        self.returned.add(1, ordering: .relaxed)
        self.wakeup.wake()
      }
    }

    var count: Int { returned.load(ordering: .relaxed) }
  }

  @Test(
    "arrives whole and is given back once", arguments: ["tcp://127.0.0.1:0", "inproc://loan"],
    [0, 1, 100, 8192, 1_000_000])
  func sent(address: String, size: Int) throws {
    let loan = try Loan(count: size)
    do {
      let context = try Context()
      let pair = try Pair(context, address)
      #expect(try pair.dealer.send([Frame([1]), loan.frame()]) == .sent)
      let isEqual = try Exchange.bytes(pair.router)[2] == Array(loan.bytes)
      #expect(isEqual)
      #expect(try Poll.wait([.wakeup(loan.wakeup)], timeout: .seconds(10)) == [true])
    }
    #expect(loan.count == 1)
  }

  @Test("is received from where it lies, within a process")
  func inPlace() throws {
    let loan = try Loan(count: 100_000)
    let pair = try Pair(try Context(), "inproc://in-place")
    #expect(try pair.dealer.send([loan.frame()]) == .sent)
    let frame = try Exchange.receive(pair.router)[1]
    frame.withUnsafeBytes { #expect($0.baseAddress == UnsafeRawPointer(loan.bytes.baseAddress)) }
    #expect(loan.count == 0)
  }

  @Test("is read where another thread wrote it, which writes there again when it has it back", arguments: [1, 200_000])
  func threads(size: Int) throws {
    let context = try Context()
    let router = try Socket(.router, context)
    let address = try router.bind("inproc://threads")
    let thread = try JoinableThread {
      do {
        let dealer = try Socket(.dealer, context)
        try dealer.connect(address)
        let loan = try Loan(count: size)
        for round in 0..<20 {
          loan.bytes[size - 1] = UInt8(round)
          guard try dealer.send([loan.frame()]) == .sent else { return }
          _ = try Poll.wait([.wakeup(loan.wakeup)], timeout: .seconds(10))
          loan.wakeup.clear()
        }
      } catch {
        Issue.record(error)
      }
    }
    for round in 0..<20 { #expect(try Exchange.receive(router)[1].withUnsafeBytes { $0[size - 1] } == UInt8(round)) }
    thread.join()
  }

  @Test("is given back once when it is never sent")
  func unsent() throws {
    let loan = try Loan(count: 100)
    _ = loan.frame()
    #expect(loan.count == 1)
  }

  @Test("is given back once when sending fails, and not before the caller lets it go")
  func failed() throws {
    let loan = try Loan(count: 100)
    do {
      let router = try Socket(.router, try Context())
      let frame = loan.frame()
      #expect(try router.send([Frame([65]), frame]) == .unreachable)
      #expect(loan.count == 0)
      #expect(frame.bytes == Array(loan.bytes))
    }
    #expect(loan.count == 1)
  }

  @Test("is given back once when the socket closes before anybody took it", arguments: [1, 20])
  func closed(count: Int) throws {
    let loans = try (0..<count).map { _ in try Loan(count: 100_000) }
    do {
      let dealer = try Socket(.dealer, try Context())
      // Nobody listens there.
      try dealer.connect("tcp://127.0.0.1:1")
      for loan in loans { #expect(try dealer.send([Frame([1]), loan.frame()]) == .sent) }
    }
    #expect(loans.allSatisfy { $0.count == 1 })
  }

  @Test("is given back once when the peer goes away in the middle of a stream of them")
  func peerGone() throws {
    let loan = try Loan(count: 1_000_000)
    var made = 0
    do {
      let context = try Context()
      var pair: Pair? = try Pair(context)
      let router = try #require(pair?.router)
      let id = try #require(pair?.id)
      for _ in 0..<8 {
        #expect(try router.send([Frame(id), loan.frame()]) == .sent)
        made += 1
      }
      pair = nil
      // Until the router has noticed, frames go the way of those that were queued.
      var result = Socket.SendResult.sent
      while result != .unreachable {
        result = try router.send([Frame(id), loan.frame()])
        made += 1
      }
    }
    #expect(loan.count == made)
  }
}
