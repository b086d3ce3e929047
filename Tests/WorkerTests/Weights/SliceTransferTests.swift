import Pipeline
import TestSupport
import Testing

@testable import Worker

@Suite("Slice transfer")
struct SliceTransferTests {
  private static let limit = Piece.byteLimit

  /// What a coordinator answers.
  private static func pieces(_ wanted: Wanted, _ byteCounts: [Int]) -> [Piece] {
    (0..<wanted.pieces).map { index in
      let offset = wanted.offset + index * limit
      let count = min(limit, byteCounts[wanted.tensor] - offset)
      return Piece(tensor: wanted.tensor, offset: offset, bytes: Array(repeating: 1, count: count))
    }
  }

  private static func all(_ transfer: inout SliceTransfer, present: [Int]) -> [Wanted] {
    var requests: [Wanted] = []
    while let wanted = transfer.wanted(bytesPresent: { present[$0] }) { requests.append(wanted) }
    return requests
  }

  @Test("asks for tensors in their order, as many pieces as fit the window, and for more as pieces arrive")
  func window() throws {
    let byteCounts = [10, 3 * Self.limit + 1, 20 * Self.limit, 4]
    let present = [0, 0, 0, 0]
    var transfer = SliceTransfer(byteCounts: byteCounts)
    let first = Self.all(&transfer, present: present)
    #expect(
      first == [
        Wanted(tensor: 0, offset: 0, pieces: 1), Wanted(tensor: 1, offset: 0, pieces: 4),
        Wanted(tensor: 2, offset: 0, pieces: 11),
      ])
    let pieces = first.flatMap { Self.pieces($0, byteCounts) }
    #expect(pieces.count == SliceTransfer.window)
    #expect(try transfer.accept(pieces[0]))
    #expect(Self.all(&transfer, present: present) == [Wanted(tensor: 2, offset: 11 * Self.limit, pieces: 1)])
    for piece in pieces[1...3] { #expect(try !transfer.accept(piece)) }
    #expect(try transfer.accept(pieces[4]))
    #expect(Self.all(&transfer, present: present) == [Wanted(tensor: 2, offset: 12 * Self.limit, pieces: 4)])
    #expect(!transfer.isComplete)
  }

  @Test("goes on behind what is there, and asks for nothing that is there whole")
  func present() throws {
    let byteCounts = [10, Self.limit, 9, 2 * Self.limit]
    var transfer = SliceTransfer(byteCounts: byteCounts)
    let requests = Self.all(&transfer, present: [10, 7, 9, 2 * Self.limit - 1])
    #expect(
      requests == [Wanted(tensor: 1, offset: 7, pieces: 1), Wanted(tensor: 3, offset: 2 * Self.limit - 1, pieces: 1)])
    #expect(try transfer.accept(Piece(tensor: 1, offset: 7, bytes: Array(repeating: 0, count: Self.limit - 7))))
    #expect(try transfer.accept(Piece(tensor: 3, offset: 2 * Self.limit - 1, bytes: [0])))
    #expect(transfer.isComplete)
    #expect(transfer.bytesReceived == Self.limit - 6)
    #expect(transfer.bytesPresent == 19 + 7 + 2 * Self.limit - 1)
  }

  @Test("is complete at once when nothing is to be had or everything is there")
  func nothing() {
    var empty = SliceTransfer(byteCounts: [])
    #expect(Self.all(&empty, present: []) == [] && empty.isComplete)
    var whole = SliceTransfer(byteCounts: [4, 5])
    #expect(!whole.isComplete)
    #expect(Self.all(&whole, present: [4, 5]) == [] && whole.isComplete)
    #expect(whole.bytesPresent == 9 && whole.bytesReceived == 0)
  }

  @Test(
    "refuses every piece but the one that is due",
    arguments: [
      PieceRange(tensor: 1, offset: 0, byteCount: 5), PieceRange(tensor: 0, offset: limit, byteCount: 10),
      PieceRange(tensor: 0, offset: 0, byteCount: 0), PieceRange(tensor: 0, offset: 0, byteCount: limit - 1),
      PieceRange(tensor: 0, offset: 0, byteCount: limit + 1), PieceRange(tensor: 0, offset: 1, byteCount: limit),
      PieceRange(tensor: 7, offset: 0, byteCount: limit), PieceRange(tensor: -1, offset: -1, byteCount: 0),
    ])
  func unexpected(range: PieceRange) throws {
    let piece = Piece(
      tensor: range.tensor, offset: range.offset, bytes: Array(repeating: 0, count: range.byteCount))
    var transfer = SliceTransfer(byteCounts: [Self.limit + 10, 5])
    let unasked = WeightsError.unexpectedPiece(
      tensor: piece.tensor, offset: piece.offset, byteCount: piece.bytes.count, expected: nil)
    #expect(throws: unasked) { try transfer.accept(piece) }
    let requests = Self.all(&transfer, present: [0, 0])
    let due = PieceRange(tensor: 0, offset: 0, byteCount: Self.limit)
    let early = WeightsError.unexpectedPiece(
      tensor: piece.tensor, offset: piece.offset, byteCount: piece.bytes.count, expected: due)
    #expect(throws: early) { try transfer.accept(piece) }
    // Nothing was changed by it.
    for piece in requests.flatMap({ Self.pieces($0, [Self.limit + 10, 5]) }) { _ = try transfer.accept(piece) }
    #expect(transfer.isComplete && transfer.bytesReceived == Self.limit + 15)
  }

  @Test("asks anew for a tensor that came wrong, before it begins others")
  func repeated() throws {
    let byteCounts = [6, 17 * Self.limit, 8]
    var transfer = SliceTransfer(byteCounts: byteCounts)
    var requests = Self.all(&transfer, present: [2, 0, 0])
    #expect(try transfer.accept(Piece(tensor: 0, offset: 2, bytes: [1, 2, 3, 4])))
    transfer.repeatTensor(0)
    #expect(transfer.bytesPresent == 0 && !transfer.isComplete)
    requests = [requests[1]] + Self.all(&transfer, present: [0, 0, 0])
    #expect(requests[1] == Wanted(tensor: 1, offset: 15 * Self.limit, pieces: 1))
    for _ in 0..<100 where !transfer.isComplete {
      for piece in Self.pieces(requests.removeFirst(), byteCounts) {
        _ = try transfer.accept(piece)
        requests += Self.all(&transfer, present: [0, 0, 0])
      }
    }
    #expect(transfer.isComplete)
    #expect(transfer.bytesReceived == 4 + 6 + 17 * Self.limit + 8)
  }

  @Test("gets every missing byte exactly once and in order, whatever is there", arguments: 0..<40)
  func property(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let byteCounts = (0..<Int.random(in: 1...12, using: &random)).map { _ in
      Bool.random(using: &random)
        ? Int.random(in: 1...100, using: &random) : Int.random(in: 1...(5 * Self.limit), using: &random)
    }
    let present = byteCounts.map { Bool.random(using: &random) ? 0 : Int.random(in: 0...$0, using: &random) }
    var transfer = SliceTransfer(byteCounts: byteCounts)
    var have = present
    var queue: [Piece] = []
    var finished: [Int] = []
    while true {
      // Requests and arrivals in any mixture.
      while Bool.random(using: &random), let wanted = transfer.wanted(bytesPresent: { present[$0] }) {
        queue += Self.pieces(wanted, byteCounts)
      }
      try #require(queue.count <= SliceTransfer.window)
      if queue.isEmpty {
        guard let wanted = transfer.wanted(bytesPresent: { present[$0] }) else { break }
        queue += Self.pieces(wanted, byteCounts)
      }
      let piece = queue.removeFirst()
      try #require(piece.offset == have[piece.tensor])
      have[piece.tensor] += piece.bytes.count
      if try transfer.accept(piece) { finished.append(piece.tensor) }
    }
    #expect(transfer.isComplete && have == byteCounts)
    #expect(finished == byteCounts.indices.filter { present[$0] < byteCounts[$0] })
    #expect(transfer.bytesPresent == present.reduce(0, +))
    #expect(transfer.bytesReceived + transfer.bytesPresent == byteCounts.reduce(0, +))
  }
}
