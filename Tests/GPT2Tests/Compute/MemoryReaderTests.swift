import Testing

@testable import GPT2

@Suite("Reading memory")
struct MemoryReaderTests {
  @Test("lasts as long as it was told, of whatever size the memory is", arguments: [1, 15, 100_000, 1 << 20])
  func duration(count: Int) throws {
    var reader = try MemoryReader(count: count, kernels: Kernels.selected())
    for duration in [Duration.zero, .microseconds(1), .milliseconds(3)] {
      let start = ContinuousClock.now
      reader.read(for: duration)
      #expect(ContinuousClock.now - start >= duration)
    }
  }
}
