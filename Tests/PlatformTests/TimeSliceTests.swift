import Platform
import TestSupport

#if os(Linux)
  import CPlatform
  import Foundation
  import Synchronization
  import Testing

  @testable import Platform

  /// The calling thread's, which stays what it is.
  private func currentSlice() -> UInt64 {
    let slice = gpt2_set_slice(0)
    if slice > 0 { _ = gpt2_set_slice(slice) }
    return slice
  }

  @Suite(
    "Time slices", .enabled(if: currentSlice() > 0, "Linux has none for threads like these; 6.12 and later have"))
  struct TimeSliceTests {
    @Test("are short for a thread and those it starts, and as usual while they compute", .timeLimit(.minutes(1)))
    func slices() {
      let path = NSTemporaryDirectory() + "cores-\(UUID().uuidString)"
      defer { unlink(path) }
      let usual = onThread { currentSlice() }
      let (own, started, computing, inPool, after) = onThread {
        TimeSlice.shorten()
        let own = currentSlice()
        let started = onThread { currentSlice() }
        let computing = CoreClaim(path: path).hold { currentSlice() }
        // Both threads of the pool: neither goes on before the other is there.
        let slices = Mutex<[UInt64]>([])
        let pool = ThreadPool(threadCount: 2)
        TimeSlice.lengthened {
          pool.forEach(2) { _ in
            slices.withLock { $0.append(currentSlice()) }
            while slices.withLock({ $0.count }) < 2 {}
          }
        }
        return (own, started, computing, slices.withLock { $0 }, currentSlice())
      }
      #expect(own == TimeSlice.shortest && own < usual)
      #expect(started == own)
      #expect(computing == usual)
      #expect(inPool == [usual, usual])
      #expect(after == own)
    }

    @Test("are left alone where nobody asked for short ones, and after an error", .timeLimit(.minutes(1)))
    func unchanged() {
      struct Failure: Error {}
      let slices = onThread {
        let before = currentSlice()
        try? TimeSlice.lengthened { throw Failure() }
        let between = currentSlice()
        TimeSlice.shorten()
        try? TimeSlice.lengthened { throw Failure() }
        return [before, between, currentSlice()]
      }
      #expect(slices[0] == slices[1] && slices[2] == TimeSlice.shortest)
    }
  }
#endif
