import Foundation
import Synchronization
import Testing

@testable import Platform

@Suite("Thread pool", .timeLimit(.minutes(2)))
struct ThreadPoolTests {
  @Test("calls the body once for every index", arguments: [1, 2, 3, 4, 7, 16])
  func everyIndexOnce(threadCount: Int) {
    let pool = ThreadPool(threadCount: threadCount)
    #expect(pool.threadCount == threadCount)
    for count in [0, 1, 2, 3, 5, 16, 17, 64, 1000] {
      let calls = Counters(count: count)
      pool.forEach(count) { calls.add(1, at: $0) }
      #expect(calls.values == Array(repeating: 1, count: count))
    }
  }

  @Test("has every thread at work at once", arguments: [2, 3, 5])
  func atOnce(threadCount: Int) {
    let pool = ThreadPool(threadCount: threadCount)
    for _ in 0..<20 {
      // Each index waits for all others to have begun, so that none can be taken by a thread that has one already.
      let begun = Counters(count: 1)
      let deadline = Instant.now + .seconds(60)
      pool.forEach(threadCount) { _ in
        begun.add(1, at: 0)
        while begun.values[0] < threadCount, Instant.now < deadline { sched_yield() }
      }
      #expect(begun.values == [threadCount])
      #expect(Instant.now < deadline)
    }
  }

  @Test("shows the caller what its threads wrote, loop after loop")
  func reuse() {
    let pool = ThreadPool(threadCount: 3)
    let cells = UnsafeMutablePointer<Int>.allocate(capacity: 8)
    cells.initialize(repeating: 0, count: 8)
    defer { cells.deallocate() }
    var expected = 0
    for loop in 1...10_000 {
      // Plain memory, now written by one thread and now by another: the loop's end has to order it.
      let count = 1 + loop % 8
      pool.forEach(count) { cells[$0] += loop }
      expected += loop * count
      if loop % 97 == 0 {
        // Long enough for the workers to park.
        let end = Instant.now + .microseconds(400)
        while Instant.now < end {}
        guard (0..<8).reduce(0, { $0 + cells[$1] }) == expected else { break }
      }
    }
    #expect((0..<8).reduce(0) { $0 + cells[$1] } == expected)
  }

  @Test("serves several pools side by side")
  func sideBySide() {
    let pools = (1...3).map { ThreadPool(threadCount: $0) }
    let sums = Counters(count: 3)
    for loop in 0..<300 { pools[loop % 3].forEach(10) { sums.add($0, at: loop % 3) } }
    #expect(sums.values == [4500, 4500, 4500])
  }

  @Test("needs a thread")
  func noThreads() async {
    #expect(Host.cores >= 1)
    await #expect(processExitsWith: .failure) { _ = ThreadPool(threadCount: 0) }
  }

  #if os(Linux)
    // In processes of their own: other tests start and end threads too.

    @Test("takes its threads with it")
    func threadsEnd() async {
      await #expect(processExitsWith: .success) {
        let before = Tasks.now.count
        for round in 0..<200 {
          let pool = ThreadPool(threadCount: 4)
          if round % 2 == 0 { pool.forEach(8) { _ in } }
        }
        // An ended thread stays in the list a moment longer; the runtime may have started some of its own.
        guard Tasks.wait(until: { $0.count <= before + 8 }) else { exit(1) }
      }
    }

    @Test("parks its threads when there is nothing to do")
    func parked() async {
      await #expect(processExitsWith: .success) {
        let before = Set(Tasks.now.keys)
        let pool = ThreadPool(threadCount: 4)
        let ours = { (tasks: [String: Tasks.Status]) in tasks.filter { !before.contains($0.key) } }
        guard Tasks.wait(until: { ours($0).count >= 3 }) else { exit(1) }
        for _ in 0..<5 {
          pool.forEach(100) { _ in }
          guard Tasks.wait(until: { ours($0).values.allSatisfy { $0.isAsleep } }) else { exit(2) }
          // Asleep for good: not a tick of theirs while this thread burns ten.
          let asleep = ours(Tasks.now)
          let end = Instant.now + .milliseconds(100)
          while Instant.now < end {}
          guard ours(Tasks.now) == asleep else { exit(3) }
        }
        withExtendedLifetime(pool) {}
      }
    }
  #endif
}

/// Numbers that several threads count up.
private final class Counters: Sendable {
  private let cells: Mutex<[Int]>

  init(count: Int) { cells = Mutex(Array(repeating: 0, count: count)) }

  func add(_ number: Int, at index: Int) { cells.withLock { $0[index] += number } }

  var values: [Int] { cells.withLock { $0 } }
}

#if os(Linux)
  /// The threads of this process as the kernel sees them (proc(5)).
  private enum Tasks {
    struct Status: Equatable {
      var isAsleep: Bool
      /// Processor time taken, in clock ticks.
      var ticks: Int
    }

    static var now: [String: Status] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
      return names.reduce(into: [:]) { tasks, name in
        // A thread may end while the list is read.
        guard let line = try? String(contentsOfFile: "/proc/self/task/\(name)/stat", encoding: .utf8) else { return }
        // Behind the name in parentheses: state, and as the 12th and 13th user and system time.
        let fields = line[line.lastIndex(of: ")")!...].dropFirst(2).split(separator: " ")
        tasks[name] = Status(isAsleep: fields[0] == "S", ticks: Int(fields[11])! + Int(fields[12])!)
      }
    }

    static func wait(until isReached: ([String: Status]) -> Bool) -> Bool {
      let deadline = Instant.now + .seconds(60)
      while Instant.now < deadline {
        if isReached(now) { return true }
        sched_yield()
      }
      return false
    }
  }
#endif
