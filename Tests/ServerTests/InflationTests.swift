import Foundation
import Testing

@testable import Server

@Suite("A compressed body")
struct InflationTests {
  /// `{"prompt":"To be"}`, by Python's gzip.compress and zlib.compress.
  private static let text = Array(#"{"prompt":"To be"}"#.utf8)
  private static let gzip = bytes("H4sIAAAAAAACA6tWKijKzy0oUbJSCslXSEpVqgUAT62I0xIAAAA=")
  private static let deflate = bytes("eJyrViooys8tKFGyUgrJV0hKVaoFADvrBgc=")

  private static func bytes(_ base64: String) -> [UInt8] {
    Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)!)
  }

  private func inflate(
    _ bytes: [UInt8], _ encoding: ContentEncoding = .gzip, limit: Int = 100
  ) throws -> [UInt8] {
    try encoding.inflate(bytes, limit: limit) { _ in }
  }

  @Test("is inflated: gzip of one member and of many, deflate with zlib's head and without")
  func inflated() throws {
    #expect(try inflate(Self.gzip) == Self.text)
    #expect(try inflate(Self.gzip + Self.gzip) == Self.text + Self.text)
    #expect(try inflate(Self.deflate, .deflate) == Self.text)
    #expect(try inflate(Array(Self.deflate[2...].dropLast(4)), .deflate) == Self.text)
  }

  @Test("that is cut anywhere ends too soon")
  func truncated() {
    for count in 0..<Self.gzip.count {
      #expect(throws: InflationError.truncated) { try inflate(Array(Self.gzip[..<count])) }
    }
    for count in 0..<Self.deflate.count where count != 1 {
      #expect(throws: InflationError.truncated) { try inflate(Array(Self.deflate[..<count]), .deflate) }
    }
  }

  @Test("of which a byte is another is corrupt, or ends too soon")
  func corrupt() {
    // Time, system and flags of speed mean nothing.
    for index in Self.gzip.indices where !(4...9).contains(index) {
      for bit in 0..<8 {
        var bytes = Self.gzip
        bytes[index] ^= 1 << bit
        if index == 3, bit == 0 { continue }
        // Of the last byte before the check sums, the bits behind the end of the text mean nothing.
        if index == Self.gzip.count - 9, (try? inflate(bytes)) == Self.text { continue }
        #expect(throws: InflationError.self, "bit \(bit) of byte \(index)") { try inflate(bytes) }
      }
    }
    for tail in [[0], Array("junk".utf8), Self.text] as [[UInt8]] {
      #expect(throws: InflationError.self) { try inflate(Self.gzip + tail) }
    }
    #expect(throws: InflationError.corrupt) { try inflate(Self.text) }
  }

  @Test("is as long as it may be, and no longer, over all its members")
  func limit() throws {
    #expect(try inflate(Self.gzip, limit: Self.text.count) == Self.text)
    #expect(throws: InflationError.tooLarge) { try inflate(Self.gzip, limit: Self.text.count - 1) }
    #expect(throws: InflationError.tooLarge) { try inflate(Self.gzip + Self.gzip, limit: 2 * Self.text.count - 1) }
  }

  @Test("takes no memory that is not counted before")
  func counted() throws {
    struct Full: Error {}
    var counts: [Int] = []
    _ = try ContentEncoding.gzip.inflate(Self.gzip, limit: 100) { counts.append($0) }
    #expect(counts.reduce(0, +) == Self.text.count)
    #expect(throws: Full.self) { try ContentEncoding.gzip.inflate(Self.gzip, limit: 100) { _ in throw Full() } }
  }
}
