public import Pipeline

/// Asks for the tensors of a slice piece by piece, and checks what comes: the logic alone, without files and sockets.
///
/// Pieces come in the order in which they were asked for. At most ``window`` of them are on their way at a time, over as
/// many tensors as they reach.
public struct SliceTransfer: Sendable {
  /// Enough for 80 MB/s over 50 ms there and back, little enough that a slow link's queue drains in a second or two.
  public static let window = 16

  private let byteCounts: [Int]
  /// Tensors still to begin, the next one last.
  private var waiting: [Int]
  /// From where the tensor that is being asked for has not been asked for yet.
  private var next: (tensor: Int, offset: Int)?
  private var expected: [PieceRange] = []
  /// Bytes of each tensor that were there when it was begun.
  private var present: [Int]
  /// Bytes that arrived, repeated ones too.
  public private(set) var bytesReceived = 0

  /// - Parameter byteCounts: of all tensors of the slice, each at least 1.
  public init(byteCounts: [Int]) {
    precondition(byteCounts.allSatisfy { $0 >= 1 })
    self.byteCounts = byteCounts
    waiting = Array(byteCounts.indices.reversed())
    present = Array(repeating: 0, count: byteCounts.count)
  }

  /// Bytes that were there and need not be sent.
  public var bytesPresent: Int { present.reduce(0, +) }

  /// Whether every byte of every tensor is there.
  public var isComplete: Bool { waiting.isEmpty && next == nil && expected.isEmpty }

  /// The next request, or nil when enough is on its way or nothing is left to ask for.
  ///
  /// - Parameter bytesPresent: called when a tensor is begun: how many of its first bytes are there, all of them if none
  ///   need be sent.
  public mutating func wanted(bytesPresent: (Int) throws -> Int) rethrows -> Wanted? {
    while next == nil, expected.count < Self.window, let tensor = waiting.last {
      let count = try bytesPresent(tensor)
      precondition((0...byteCounts[tensor]).contains(count))
      waiting.removeLast()
      present[tensor] = count
      if count < byteCounts[tensor] { next = (tensor, count) }
    }
    guard let (tensor, start) = next, expected.count < Self.window else { return nil }
    var offset = start
    var pieces = 0
    while expected.count < Self.window, offset < byteCounts[tensor] {
      let byteCount = min(Piece.byteLimit, byteCounts[tensor] - offset)
      expected.append(PieceRange(tensor: tensor, offset: offset, byteCount: byteCount))
      offset += byteCount
      pieces += 1
    }
    next = offset < byteCounts[tensor] ? (tensor, offset) : nil
    return Wanted(tensor: tensor, offset: start, pieces: pieces)
  }

  /// Takes a piece; returns whether it was the last of its tensor.
  ///
  /// Throws `.unexpectedPiece` unless it is the very piece that is due; nothing is changed then.
  public mutating func accept(_ piece: Piece) throws(WeightsError) -> Bool {
    let found = PieceRange(tensor: piece.tensor, offset: piece.offset, byteCount: piece.bytes.count)
    guard found == expected.first else {
      throw .unexpectedPiece(
        tensor: found.tensor, offset: found.offset, byteCount: found.byteCount, expected: expected.first)
    }
    expected.removeFirst()
    bytesReceived += found.byteCount
    return found.offset + found.byteCount == byteCounts[found.tensor]
  }

  /// Begins a tensor anew that came whole and was found wrong; it is the next that is asked for.
  public mutating func repeatTensor(_ tensor: Int) {
    present[tensor] = 0
    waiting.append(tensor)
  }
}
