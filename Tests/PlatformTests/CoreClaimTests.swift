import Platform
import TestSupport

#if os(Linux)
  import CPlatform
  import Foundation
  import Synchronization
  import Testing

  @testable import Platform

  /// Every claim here is by a thread of its own: a test's thread may be any of the pool's, and must not stay bound.
  @Suite("Claims on cores", .enabled(if: Host.cores > 1, "this process may use one core only"))
  struct CoreClaimTests {
    private let path = NSTemporaryDirectory() + "cores-\(UUID().uuidString)"

    private static func allowed() -> [Int] {
      var cores = gpt2_cores()
      return gpt2_allowed_cores(&cores) ? cores.numbers : []
    }

    @Test("bind the thread to one core while it computes, and free it then", .timeLimit(.minutes(1)))
    func binds() {
      defer { unlink(path) }
      let (before, during, after) = onThread { [path] in
        let claim = CoreClaim(path: path)
        return (Self.allowed(), claim.hold { Self.allowed() }, Self.allowed())
      }
      #expect(before.count > 1)
      #expect(during.count == 1 && before.contains(during[0]))
      #expect(after == before)
    }

    @Test("are never two of one core, and none when all are taken", .timeLimit(.minutes(1)))
    func exclude() {
      defer { unlink(path) }
      let all = onThread { Self.allowed() }
      let held = Mutex<[[Int]]>([])
      let threads = (0..<(all.count + 1)).map { index in
        let thread = Thread { [path] in
          CoreClaim(path: path).hold {
            held.withLock { $0.append(Self.allowed()) }
            while held.withLock({ $0.count }) <= all.count { sched_yield() }
          }
        }
        thread.start()
        // One after the other, so that the last is the one too many.
        while held.withLock({ $0.count }) <= index { sched_yield() }
        return thread
      }
      #expect(threads.count == all.count + 1)
      let cores = held.withLock { $0 }
      #expect(cores.dropLast().allSatisfy { $0.count == 1 })
      #expect(Set(cores.dropLast().map { $0[0] }) == Set(all))
      #expect(cores.last == all)
    }

    @Test("end with an error too, while others go on", .timeLimit(.minutes(1)))
    func end() {
      defer { unlink(path) }
      struct Failure: Error {}
      // All of them are alive to the end: none is given back by being closed.
      let (after, all) = onThread { [path] in
        let all = Self.allowed()
        let claims = (0..<(4 * all.count)).map { _ in CoreClaim(path: path) }
        var after: [[[Int]]] = []
        for claim in claims {
          var during: [Int] = []
          try? claim.hold {
            during = Self.allowed()
            throw Failure()
          }
          after.append([during, Self.allowed()])
        }
        return (after, all)
      }
      for places in after {
        #expect(places[0].count == 1)
        #expect(places[1] == all)
      }
    }

    @Test("are not made by several threads, nor without a file", .timeLimit(.minutes(1)))
    func nothing() {
      defer { unlink(path) }
      let (threads, folder, all) = onThread { [path] in
        (
          CoreClaim(threadCount: 2, path: path).hold { Self.allowed() },
          CoreClaim(path: "/nowhere/at-all").hold { Self.allowed() }, Self.allowed()
        )
      }
      #expect(threads == all && folder == all)
    }
  }
#endif
