import GPT2
import Testing

@testable import Coordinator

@Suite("A mailbox", .timeLimit(.minutes(1))) struct MailboxTests {
  private struct Failure: Error, Equatable { var number: Int }

  private static func sink() -> (Results<Generation.Update>, Sink) {
    let (results, writer) = Results<Generation.Update>.make(limit: 4) { _ in }
    return (results, Sink(writer) { if case .token(let update) = $0 { update } else { nil } })
  }

  private static func work() throws -> Work { .generate(try FakeModel.generation([1], maximumTokens: 3)) }

  @Test("hands out commands once, in their order")
  func order() throws {
    let mailbox = try Mailbox()
    mailbox.post(.cancel(RequestID(1)))
    mailbox.post(.submit(RequestID(2), try Self.work(), ClientID(), Self.sink().1))
    mailbox.post(.stop)
    let names = mailbox.take().map { command in
      switch command {
      case .cancel(let id): "cancel \(id.rawValue)"
      case .submit(let id, _, _, _): "submit \(id.rawValue)"
      case .stop: "stop"
      default: "other"
      }
    }
    #expect(names == ["cancel 1", "submit 2", "stop"])
    #expect(mailbox.take().isEmpty)
  }

  @Test("lets everybody wait until the pipe is ready, and nobody afterwards")
  func ready() async throws {
    let mailbox = try Mailbox()
    let stages = [StageDescription(name: "a", address: "", layers: 0..<1, threads: 1, kernels: "")]
    async let first = mailbox.ready()
    async let second = mailbox.ready()
    mailbox.becomeReady(stages)
    #expect(try await first == stages)
    #expect(try await second == stages)
    #expect(try await mailbox.ready() == stages)
  }

  @Test("gives back what it was left when it closes, and fails all that comes later")
  func close() async throws {
    let mailbox = try Mailbox()
    let (results, sink) = Self.sink()
    let waiting = Task { try await mailbox.ready() }
    mailbox.post(.submit(RequestID(7), try Self.work(), ClientID(), sink))
    mailbox.post(.stop)
    let left = mailbox.close(Failure(number: 1))
    #expect(left.count == 1)
    #expect(mailbox.take().isEmpty)
    await #expect(throws: Failure(number: 1)) { try await waiting.value }
    await #expect(throws: Failure(number: 1)) { try await mailbox.ready() }
    // It was not failed itself: that is for whoever closed.
    left[0].finish(Failure(number: 2))
    await #expect(throws: Failure(number: 2)) { for try await _ in results {} }

    let (late, lateSink) = Self.sink()
    mailbox.post(.submit(RequestID(8), try Self.work(), ClientID(), lateSink))
    await #expect(throws: Failure(number: 1)) { for try await _ in late {} }
    #expect(mailbox.take().isEmpty)
  }
}
