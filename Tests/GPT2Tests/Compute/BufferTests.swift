import TestSupport
import Testing

@testable import GPT2

@Suite("Buffers")
struct BufferTests {
  @Test("of pages hold zeros, as many as asked for", arguments: [0, 1, 1000, 524_287, 524_288, 600_001])
  func pages(count: Int) throws {
    let buffer = try PageBuffer(count: count, fillsUp: true)
    #expect(buffer.floats.count == count)
    for index in Set([0, 1, count / 2, count - 1]) where index >= 0 && index < count {
      #expect(buffer.floats[index] == 0)
      buffer.floats[index] = 1
    }
    // A cache line at least, and a large page for what fills one.
    let alignment = count * 4 >= 2 << 20 ? 2 << 20 : 64
    #expect(Int(bitPattern: buffer.base) % alignment == 0)
  }

  @Test("of pages that cannot be had are refused", arguments: [Int.max, Int.max / 4, Int.max / 8, 1 << 50])
  func noMemory(count: Int) {
    let error = #expect(throws: ModelError.self) { _ = try PageBuffer(count: count, fillsUp: true) }
    guard case .outOfMemory(let bytes) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(bytes >= 1 << 52)
    #expect(error?.description.isOneLine == true)
  }

  @Test("of activations keep rows apart and their width", arguments: [1, 7, 16, 48, 768])
  func activations(width: Int) throws {
    let activations = try Activations(width: width)
    #expect(activations.rowCount == 0)
    #expect(activations.pitch >= width)
    for rowCount in [3, 40, 2, 0, 40, 41] {
      try activations.resize(rowCount: rowCount)
      #expect(activations.rowCount == rowCount)
      for row in 0..<rowCount {
        #expect(activations[row].count == width)
        for i in 0..<width { activations[row][i] = Float(row * width + i) }
      }
      for row in 0..<rowCount {
        #expect(activations[row].elementsEqual((0..<width).map { Float(row * width + $0) }))
      }
    }
    #expect(throws: ModelError.self) { try activations.resize(rowCount: Int.max / 8) }
    #expect(throws: ModelError.self) { try activations.resize(rowCount: 1 << 50) }
    // As it was before it could not grow.
    #expect(activations.rowCount == 41)
    #expect(activations[40][width - 1] == Float(41 * width - 1))
  }
}
