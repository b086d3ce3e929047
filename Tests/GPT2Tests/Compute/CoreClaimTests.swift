#if os(Linux)
  import CKernels
  import Foundation
  import Synchronization
  import Testing

  @testable import GPT2

  /// Every claim here is by a thread of its own: a test's thread may be any of the pool's, and must not stay bound.
  @Suite("Claims on cores", .enabled(if: ThreadPool.availableCores > 1, "this process may use one core only"))
  struct CoreClaimTests {
    private let path = NSTemporaryDirectory() + "cores-\(UUID().uuidString)"

    /// Runs `body` on a new thread, and waits for it.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
      let result = Mutex<Value?>(nil)
      let thread = Thread { result.withLock { $0 = body() } }
      thread.start()
      while true {
        if let value = result.withLock({ $0 }) { return value }
        Thread.sleep(forTimeInterval: 0.001)
      }
    }

    private static func allowed() -> [Int] {
      var cores = gpt2_cores()
      guard gpt2_allowed_cores(&cores) else { return [] }
      return withUnsafeBytes(of: cores) { bytes in
        (0..<(8 * bytes.count)).filter { bytes[$0 / 8] & 1 << ($0 % 8) != 0 }
      }
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
      let (held, all) = onThread { [path] in
        let all = Self.allowed()
        // Beneath the first the thread may run on one core, so the others are opened before.
        let claims = (0...all.count).map { _ in CoreClaim(path: path) }
        func hold(_ index: Int, _ held: [[Int]]) -> [[Int]] {
          index == claims.count ? held : claims[index].hold { hold(index + 1, held + [Self.allowed()]) }
        }
        return (hold(0, []), all)
      }
      #expect(Set(held.dropLast().map { $0[0] }) == Set(all))
      // The one too many is left where it was.
      #expect(held.last == held.dropLast().last)
    }

    @Test("end with whoever holds them, and with an error", .timeLimit(.minutes(1)))
    func end() {
      defer { unlink(path) }
      struct Failure: Error {}
      let (held, all) = onThread { [path] in
        let all = Self.allowed()
        for _ in 0..<(3 * all.count) {
          try? CoreClaim(path: path).hold { throw Failure() }
        }
        return (CoreClaim(path: path).hold { Self.allowed() }, all)
      }
      #expect(held.count == 1)
      #expect(all.count > 1)
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
