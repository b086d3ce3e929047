import Synchronization
import Testing

@testable import Coordinator

@Suite(.timeLimit(.minutes(1))) struct ResultsTests {
  private struct Failure: Error, Equatable { var number: Int }

  private final class Events: Sendable {
    private let seen = Mutex<[Results<Int>.Event]>([])
    var all: [Results<Int>.Event] { seen.withLock { $0 } }
    func append(_ event: Results<Int>.Event) { seen.withLock { $0.append(event) } }
  }

  private static func make(limit: Int = 4) -> (Results<Int>, Results<Int>.Writer, Events) {
    let events = Events()
    let (results, writer) = Results<Int>.make(limit: limit) { events.append($0) }
    return (results, writer, events)
  }

  @Test func `elements come in order and then the end, again and again`() async throws {
    let (results, writer, events) = Self.make()
    for number in 0..<3 { writer.send(number) }
    writer.finish()
    writer.finish(throwing: Failure(number: 1))
    writer.send(9)
    var iterator = results.makeAsyncIterator()
    for number in 0..<3 { #expect(try await iterator.next() == number) }
    #expect(try await iterator.next() == nil)
    #expect(try await iterator.next() == nil)
    #expect(events.all.isEmpty)
  }

  @Test func `a failure is thrown after what came before it`() async throws {
    let (results, writer, events) = Self.make()
    writer.send(1)
    writer.finish(throwing: Failure(number: 7))
    var iterator = results.makeAsyncIterator()
    #expect(try await iterator.next() == 1)
    for _ in 0..<2 { await #expect(throws: Failure(number: 7)) { try await iterator.next() } }
    #expect(events.all.isEmpty)
  }

  @Test("A full buffer says so until half of it is read", arguments: [1, 2, 5, 8])
  func full(limit: Int) async throws {
    let (results, writer, events) = Self.make(limit: limit)
    for number in 1..<limit { #expect(!writer.send(number)) }
    // What was in the pipe already still comes.
    #expect(writer.send(limit) && writer.send(limit + 1))
    var iterator = results.makeAsyncIterator()
    for left in (0...limit).reversed() {
      _ = try await iterator.next()
      #expect(events.all == (left > limit / 2 ? [] : [.drained]))
    }
    #expect(writer.send(0) == (limit == 1))
    withExtendedLifetime(iterator) {}
  }

  @Test func `dropping the results tells the writer once`() async throws {
    var (results, writer, events): (Results<Int>?, _, _) = Self.make()
    var iterator = results?.makeAsyncIterator()
    writer.send(1)
    results = nil
    #expect(try await iterator?.next() == 1)
    #expect(events.all.isEmpty)
    iterator = nil
    #expect(events.all == [.abandoned])
    #expect(!writer.send(2))
    writer.finish()
    #expect(events.all == [.abandoned])
  }

  @Test func `dropping results that have ended tells nobody`() async throws {
    var (results, writer, events): (Results<Int>?, _, _) = Self.make()
    writer.send(1)
    writer.finish()
    results = nil
    _ = results
    #expect(events.all.isEmpty)
  }

  @Test("A cancelled reader is told, whether it was waiting or not", arguments: [false, true])
  func cancelled(waits: Bool) async throws {
    let (results, writer, events) = Self.make()
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let reader = Task {
      var iterator = results.makeAsyncIterator()
      start.finish()
      if waits { #expect(try await iterator.next() == 1) }
      return try await iterator.next()
    }
    if waits { writer.send(1) }
    for await _ in started {}
    reader.cancel()
    await #expect(throws: CancellationError.self) { try await reader.value }
    #expect(events.all == [.abandoned])
  }

  @Test("A fast writer that heeds the buffer and a reader lose nothing", arguments: [1, 3, 64])
  func together(limit: Int) async throws {
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self)
    let (results, writer) = Results<Int>.make(limit: limit) { event in
      if event == .drained { wake.yield() }
    }
    let count = 20_000
    let writing = Task.detached {
      var wakes = wakes.makeAsyncIterator()
      for number in 0..<count where writer.send(number) { await wakes.next() }
      writer.finish()
    }
    var expected = 0
    for try await number in results {
      #expect(number == expected)
      expected += 1
    }
    #expect(expected == count)
    await writing.value
    wake.finish()
  }
}
