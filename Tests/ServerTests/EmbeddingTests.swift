import Foundation
import GPT2
import Testing

@testable import Server

@Suite("Embeddings")
struct EmbeddingTests {
  private func request(_ members: String) throws(APIError) -> EmbeddingRequest {
    try EmbeddingRequest(Array("{\(members)}".utf8), width: 4, limits: ServerLimits())
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
      (#""input":"a","prompt":"b""#, "prompt"), (#""input":"a","normalize":true"#, "normalize"),
      (#""input":"a","truncate_prompt_tokens":-2"#, "truncate_prompt_tokens"),
      (#""input":\#(Array(repeating: "a", count: 2049))"#, "input"),
    ])
  func wrong(members: String, param: String) {
    let error = #expect(throws: APIError.self) { try request(members) }
    #expect(error?.param == param)
  }

  private func tokens(_ members: String) throws -> [[Int]] {
    try request(members).tokens(try Demo.tokenizer.get(), try Demo.configuration.get())
  }

  @Test("take as many texts as OpenAI does, at the whole context each, and a width that is the model's")
  func many() throws {
    let inputs = Array(repeating: Array(repeating: 5, count: 1024), count: 2048)
    #expect(try request(#""input":\#(inputs.description.filter { $0 != " " })"#).inputs.count == 2048)
    #expect(try tokens(#""input":["a","b"],"dimensions":4,"encoding_format":null,"user":null"#).count == 2)
  }

  @Test("keep the first tokens of a text that is cut")
  func truncated() throws {
    #expect(try tokens(#""input":[[1,2,3],[4]],"truncate_prompt_tokens":2"#) == [[1, 2], [4]])
    #expect(try tokens(#""input":[1,2,3],"truncate_prompt_tokens":2,"truncation_side":"left""#) == [[2, 3]])
    let size = try Demo.configuration.get().positionCount
    let long = #""input":\#(Array(repeating: 5, count: size + 1))"#
    #expect(try tokens(long + #","truncate_prompt_tokens":-1"#)[0].count == size)
    #expect(throws: APIError.self) { try tokens(long) }
  }

  @Test(
    "name the input that is empty or not the model's, by its index",
    arguments: [
      (#"["a","b","c",""]"#, "input[3] is empty"), (#"[[1],[]]"#, "input[1] is empty"), (#""""#, "input is empty"),
      (#"[[1],[2,1024]]"#, "input[1] has token 1024"), (#"[[-1]]"#, "input has token -1"),
    ])
  func named(input: String, message: String) {
    let error = #expect(throws: APIError.self) { try tokens(#""input":\#(input)"#) }
    #expect(error?.param == "input" && error?.message.hasPrefix(message) == true, "\(String(describing: error))")
  }

  @Test("are written piece by piece as one JSON object", arguments: [0, 1, 3])
  func pieces(count: Int) throws {
    let answer = EmbeddingResponse(
      vectors: (0..<count).map { [Float($0), 0.5] }, isBase64: false, model: "m", tokenCount: 7)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(answer.pieces.joined().utf8)) as? [String: Any])
    let data = try #require(object["data"] as? [[String: Any]])
    #expect(data.compactMap { $0["index"] as? Int } == Array(0..<count))
    #expect(data.last.map { $0["embedding"] as? [Double] == [Double(count - 1), 0.5] } ?? (count == 0))
    #expect(object["object"] as? String == "list" && object["model"] as? String == "m")
    #expect(object["usage"] as? [String: Int] == ["prompt_tokens": 7, "total_tokens": 7])
  }

  @Test("say the same in both of their forms: little-endian fp32")
  func vector() throws {
    let values: [Float] = [1, -2.5, .leastNonzeroMagnitude, 3.4e38]
    let base64 = JSONText.text(EmbeddingResponse.Vector(values, isBase64: true))
    let bytes = try #require(Data(base64Encoded: String(base64.dropFirst().dropLast())))
    #expect(bytes.count == 16 && Array(bytes.prefix(8)) == [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
    let read = bytes.withUnsafeBytes { raw in
      (0..<4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
        .map { Float(bitPattern: UInt32(littleEndian: $0)) }
    }
    #expect(read == values)
    let floats = JSONText.text(EmbeddingResponse.Vector(values, isBase64: false))
    #expect(try JSONDecoder().decode([Float].self, from: Data(floats.utf8)) == values)
  }
}
