import Foundation
import Testing

@testable import Server

@Suite("Embeddings")
struct EmbeddingTests {
  private func request(_ members: String) throws(APIError) -> EmbeddingRequest {
    try EmbeddingRequest(Array("{\(members)}".utf8), limits: ServerLimits())
  }

  @Test("are floats unless base64 is asked for")
  func request() throws {
    #expect(try !request(#""input":"a""#).isBase64)
    #expect(try !request(#""input":["a",[1]],"encoding_format":"float""#).isBase64)
    #expect(try request(#""input":[1,2],"encoding_format":"base64","user":"u","model":"m""#).isBase64)
  }

  @Test(
    "name the field that cannot be",
    arguments: [
      ("", "input"), (#""input":null"#, "input"), (#""input":[]"#, "input"), (#""input":3"#, "input"),
      (#""input":"a","dimensions":5"#, "dimensions"), (#""input":"a","encoding_format":"int8""#, "encoding_format"),
      (#""input":"a","prompt":"b""#, "prompt"),
    ])
  func wrong(members: String, param: String) {
    let error = #expect(throws: APIError.self) { try request(members) }
    #expect(error?.param == param)
  }

  @Test("say the same in both of their forms: little-endian fp32")
  func vector() throws {
    let values: [Float] = [1, -2.5, .leastNonzeroMagnitude, 3.4e38]
    let base64 = JSON.text(EmbeddingResponse.Vector(values, isBase64: true))
    let bytes = try #require(Data(base64Encoded: String(base64.dropFirst().dropLast())))
    #expect(bytes.count == 16 && Array(bytes.prefix(8)) == [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
    let read = bytes.withUnsafeBytes { raw in
      (0..<4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
        .map { Float(bitPattern: UInt32(littleEndian: $0)) }
    }
    #expect(read == values)
    let floats = JSON.text(EmbeddingResponse.Vector(values, isBase64: false))
    #expect(try JSONDecoder().decode([Float].self, from: Data(floats.utf8)) == values)
  }
}
