import Dispatch
import Platform
import Synchronization
import Testing

@testable import ZeroMQ

@Suite("Waiting", .timeLimit(.minutes(1)))
struct PollTests {
  @Test("says which of several things are ready")
  func which() throws {
    let context = try Context()
    let (first, second) = (try Pair(context), try Pair(context))
    let wakeup = try Wakeup()
    let items: [PollItem] = [.socket(first.router), .socket(second.router), .wakeup(wakeup)]
    #expect(try Poll.wait(items, timeout: .zero) == [false, false, false])
    #expect(try second.dealer.send([Frame([1])]) == .sent)
    #expect(try Poll.wait(items, timeout: .seconds(10)) == [false, true, false])
    #expect(try Poll.wait(items, timeout: .seconds(10)) == [false, true, false])
    _ = try Exchange.receive(second.router)
    wakeup.wake()
    #expect(try Poll.wait(items, timeout: nil) == [false, false, true])
  }

  @Test("is not ended by news that is no message, such as a new connection")
  func news() throws {
    let context = try Context()
    let router = try Socket(.router, context)
    let endpoint = try router.bind("tcp://127.0.0.1:0")
    let thread = try JoinableThread {
      guard let dealer = try? Socket(.dealer, context), (try? dealer.connect(endpoint)) != nil else { return }
      // Connected while the router waits, and until it does no more.
      _ = try? Poll.wait([.socket(dealer)], timeout: .milliseconds(400))
    }
    let start = Instant.now
    #expect(try Poll.wait([.socket(router)], timeout: .milliseconds(300)) == [false])
    #expect(Instant.now - start >= .milliseconds(300))
    thread.join()
  }

  @Test("hears the message that comes after news that was none")
  func afterNews() throws {
    let context = try Context()
    let router = try Socket(.router, context)
    let endpoint = try router.bind("tcp://127.0.0.1:0")
    let thread = try JoinableThread {
      guard let dealer = try? Socket(.dealer, context), (try? dealer.connect(endpoint)) != nil else { return }
      _ = try? Poll.wait([.socket(dealer)], timeout: .milliseconds(100))
      _ = try? dealer.send([Frame([1])])
      _ = try? Poll.wait([.socket(dealer)], timeout: .seconds(1))
    }
    let start = Instant.now
    #expect(try Poll.wait([.socket(router)], timeout: .seconds(30)) == [true])
    #expect(Instant.now - start < .seconds(20))
    thread.join()
  }

  @Test("lasts at least as long as it was told, even less than a millisecond")
  func timeout() throws {
    let wakeup = try Wakeup()
    for duration in [Duration.microseconds(1), .microseconds(300), .milliseconds(20)] {
      let start = Instant.now
      #expect(try Poll.wait([.wakeup(wakeup)], timeout: duration) == [false])
      #expect(Instant.now - start >= duration)
    }
  }

  @Test("is ended from another thread, once for any number of calls")
  func wakeup() throws {
    let wakeup = try Wakeup()
    // More than a pipe holds: waking must not block either.
    let thread = try JoinableThread { for _ in 0..<200_000 { wakeup.wake() } }
    #expect(try Poll.wait([.wakeup(wakeup)], timeout: nil) == [true])
    thread.join()
    wakeup.clear()
    #expect(try Poll.wait([.wakeup(wakeup)], timeout: .zero) == [false])
    wakeup.wake()
    #expect(try Poll.wait([.wakeup(wakeup)], timeout: nil) == [true])
  }

  @Test("ends when the context is shut down, and so does everything after it")
  func shutdown() throws {
    let context = try Context()
    let waiting = try Wakeup()
    let outcome = Mutex<ZeroMQError?>(nil)
    let thread = try JoinableThread {
      do throws(ZeroMQError) {
        let socket = try Socket(.dealer, context)
        waiting.wake()
        _ = try Poll.wait([.socket(socket)], timeout: nil)
      } catch {
        outcome.withLock { $0 = error }
      }
    }
    #expect(try Poll.wait([.wakeup(waiting)], timeout: .seconds(10)) == [true])
    let socket = try Socket(.dealer, context)
    context.shutdown()
    thread.join()
    #expect(outcome.withLock { $0 } == .terminated)
    #expect(throws: ZeroMQError.terminated) { try socket.send([Frame([1])]) }
    #expect(throws: ZeroMQError.terminated) { try socket.receive(atMost: 1) }
    #expect(throws: ZeroMQError.terminated) { try Poll.wait([.socket(socket)], timeout: nil) }
    #expect(throws: ZeroMQError.terminated) { try Socket(.dealer, context) }
    context.shutdown()
  }

  @Test(
    "counts milliseconds up, within what libzmq can count",
    arguments: [
      (Duration.zero, Int32(0)), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1001), 2),
      (.seconds(2), 2000), (.seconds(1) + .nanoseconds(1), 1001), (.seconds(10_000_000_000), .max), (.seconds(-3), 0),
      (.nanoseconds(-1), 0),
    ])
  func milliseconds(duration: Duration, expected: Int32) {
    #expect(duration.wholeMilliseconds == expected)
  }
}
