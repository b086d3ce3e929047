import TestSupport
import Testing

@testable import Platform

@Suite("A value that one thread leaves", .timeLimit(.minutes(1))) struct OneShotTests {
  @Test("is there for all who wait, and as often as they ask")
  func value() throws {
    let cell = OneShot<Int>()
    #expect(cell.value == nil)
    let thread = try JoinableThread { cell.set(3) }
    #expect(cell.wait() == 3 && cell.wait() == 3 && cell.value == 3)
    thread.join()
  }
}
