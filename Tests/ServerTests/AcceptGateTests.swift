import Foundation
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Server

@Suite("A listener")
struct AcceptGateTests {
  @Test("rests for a moment without descriptors, and says so to nobody else", arguments: [EMFILE, ENFILE, ENOMEM])
  func short(code: Int32) throws {
    let count = Mutex(0)
    let channel = EmbeddedChannel(handler: AcceptWatch { _ in count.withLock { $0 += 1 } })
    for _ in 0..<3 { channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept")) }
    #expect(count.withLock { $0 } == 1)
    try channel.throwIfErrorCaught()
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
    #expect(count.withLock { $0 } == 2)
  }

  @Test("leaves other errors to others")
  func other() {
    let channel = EmbeddedChannel(handler: AcceptWatch { _ in Issue.record("it is not short of anything") })
    channel.pipeline.fireErrorCaught(IOError(errnoCode: EBADF, reason: "accept"))
    #expect(throws: IOError.self) { try channel.throwIfErrorCaught() }
  }
}
