import Platform
import Testing

@testable import GPT2

@Suite("Reading memory")
struct MemoryReaderTests {
  @Test("lasts as long as it was told, of whatever size the memory is", arguments: [1, 15, 100_000, 1 << 20])
  func duration(count: Int) throws {
    var reader = try MemoryReader(count: count, kernels: Kernels.selected())
    for duration in [Duration.zero, .microseconds(1), .milliseconds(3)] {
      let start = Instant.now
      reader.read(for: duration)
      #expect(Instant.now - start >= duration)
    }
  }

  @Test("goes through all of the memory, and begins again", arguments: [1, 16 << 10, 100_003])
  func place(count: Int) throws {
    var reader = try MemoryReader(count: count, kernels: Kernels.selected())
    // A step takes longer than this, so it is one a call.
    let places = (0..<20).map { _ in
      reader.read(for: .nanoseconds(1))
      return reader.place
    }
    let steps = (count + 16383) / 16384
    #expect(places == (1...20).map { $0 % steps * 16384 })
  }
}
