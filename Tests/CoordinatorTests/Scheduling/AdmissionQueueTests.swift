import GPT2
import TestSupport
import Testing

@testable import Coordinator

@Suite struct AdmissionQueueTests {
  /// Requests numbered as they come, of the clients named by `letters`.
  private static func queue(_ letters: String, limit: Int = 100) throws -> AdmissionQueue {
    var queue = AdmissionQueue(limit: limit)
    for (index, letter) in letters.utf8.enumerated() { try queue.append(index, of: letter) }
    return queue
  }

  private static func drain(_ queue: inout AdmissionQueue) -> [Int] {
    var order: [Int] = []
    while let next = queue.takeNext() { order.append(next) }
    return order
  }

  @Test(
    "Clients take turns, and each one's requests are first come, first served",
    arguments: [
      ("", []), ("aaa", [0, 1, 2]), ("aaaab", [0, 4, 1, 2, 3]), ("abab", [0, 1, 2, 3]), ("aabb", [0, 2, 1, 3]),
      ("aaabbc", [0, 3, 5, 1, 4, 2]),
    ])
  func order(letters: String, expected: [Int]) throws {
    var queue = try Self.queue(letters)
    #expect(queue.count == expected.count)
    #expect(Self.drain(&queue) == expected)
    #expect(queue.isEmpty && queue.first == nil)
  }

  @Test func `whoever comes waits for one request of each client, however many they have`() throws {
    var queue = try Self.queue("aaaabbbb")
    #expect([queue.takeNext(), queue.takeNext(), queue.takeNext()] == [0, 4, 1])
    try queue.append(8, of: UInt8(ascii: "c"))
    #expect(Self.drain(&queue) == [5, 2, 8, 6, 3, 7])
  }

  @Test func `a client that comes back has its turn after those that stayed`() throws {
    var queue = try Self.queue("abb")
    #expect(queue.takeNext() == 0)
    try queue.append(3, of: UInt8(ascii: "a"))
    #expect(Self.drain(&queue) == [1, 3, 2])
  }

  @Test func `who gives up moves nobody else's turn`() throws {
    var queue = try Self.queue("aabbc")
    queue.remove(RequestID(0))
    queue.remove(RequestID(99))
    #expect(queue.count == 4 && queue.contains(RequestID(1)) && !queue.contains(RequestID(0)))
    #expect(queue.first?.id == RequestID(1))
    queue.remove(RequestID(1))
    #expect(queue.first?.id == RequestID(2))
    queue.remove(RequestID(4))
    #expect(Self.drain(&queue) == [2, 3])
    queue.removeFirst()
    #expect(queue.isEmpty)
  }

  @Test func `no more wait than may, of all clients together`() throws {
    var queue = try Self.queue("ab", limit: 3)
    #expect(!queue.isFull)
    try queue.append(2, of: UInt8(ascii: "c"))
    let error = AdmissionError.tooManyWaiting(limit: 3)
    #expect(throws: error) { try queue.append(3, of: UInt8(ascii: "d")) }
    #expect("\(error)".hasPrefix("3 requests are waiting already"))
    #expect(queue.count == 3 && !queue.contains(RequestID(3)))
    queue.remove(RequestID(1))
    try queue.append(3, of: UInt8(ascii: "d"))
    #expect(Self.drain(&queue) == [0, 2, 3])
  }

  /// Its twin looks for the client that has waited longest since it came or had its last turn.
  @Test("The order is that of the longest wait for a turn", arguments: 0..<50)
  func twin(seed: Int) throws {
    var numbers = SeededNumbers(seed)
    var queue = AdmissionQueue(limit: 40)
    var waiting: [(id: Int, client: UInt8)] = []
    var since: [UInt8: Int] = [:]
    func turn() -> Int? {
      waiting.indices.min { (since[waiting[$0].client]!, $0) < (since[waiting[$1].client]!, $1) }
    }
    for step in 0..<400 {
      switch numbers.number(0...4) {
      case 0, 1:
        guard waiting.count < 40 else { continue }
        let client = UInt8(numbers.number(0...5))
        if !waiting.contains(where: { $0.client == client }) { since[client] = step }
        waiting.append((step, client))
        try queue.append(step, of: client)
      case 2:
        guard let index = waiting.indices.randomElement(using: &numbers) else { continue }
        queue.remove(RequestID(UInt64(waiting.remove(at: index).id)))
      default:
        let expected = turn().map { waiting.remove(at: $0) }
        if let expected { since[expected.client] = step }
        #expect(queue.takeNext() == expected?.id)
      }
      #expect(queue.count == waiting.count)
      #expect(queue.first?.id == turn().map { RequestID(UInt64(waiting[$0].id)) })
    }
  }
}

extension AdmissionQueue {
  fileprivate mutating func append(_ id: Int, of client: UInt8) throws {
    let work = Work.embed(try Reading([1], configuration: FakeModel.configuration()))
    try append(RequestID(UInt64(id)), work, of: ClientID(UInt64(client)))
  }

  fileprivate mutating func takeNext() -> Int? {
    defer { removeFirst() }
    return first.map { Int($0.id.rawValue) }
  }
}
