import JSON
import TestSupport
import Testing

@testable import GPT2

@Suite("Safetensors header")
struct SafetensorsHeaderTests {
  private static func source(_ bytes: [UInt8]) throws -> ByteSource {
    try CheckpointFolder.memory(["x.safetensors": bytes]).open("x.safetensors")
  }

  private static func source(_ header: String, _ byteCount: Int) throws -> ByteSource {
    try source(ToyCheckpoint.safetensors(header: header, data: [UInt8](repeating: 1, count: byteCount)))
  }

  @Test("reads tensors in the order of their bytes, with metadata and padding")
  func good() throws {
    let header = """
      {"b":{"dtype":"F32","shape":[2,3],"data_offsets":[2,26]},"__metadata__":{"format":"pt","":""},\
      "a":{"data_offsets":[0,2],"shape":[],"dtype":"BF16"},"none":{"dtype":"U64","shape":[0,9],"data_offsets":[2,2]},\
      "end":{"dtype":"F4","shape":[3,2],"data_offsets":[26,29]}}      \

      """
    let entries = try SafetensorsHeader(Self.source(header, 29)).entries
    let start = 8 + header.utf8.count
    #expect(entries.map(\.name) == ["a", "none", "b", "end"])
    #expect(entries.map(\.type) == [.bf16, .u64, .f32, .f4])
    #expect(entries.map(\.shape) == [[], [0, 9], [2, 3], [3, 2]])
    #expect(
      entries.map(\.bytes) == [
        start..<start + 2, start + 2..<start + 2, start + 2..<start + 26, start + 26..<start + 29,
      ])
    #expect(try SafetensorsHeader(Self.source("{}", 0)).entries.isEmpty)
  }

  @Test("knows the size of every element type", arguments: SafetensorsType.allCases)
  func types(type: SafetensorsType) throws {
    let byteCount = 8 * type.bitCount / 8
    func header(_ byteCount: Int) -> String {
      #"{"t":{"dtype":"\#(type.rawValue)","shape":[8],"data_offsets":[0,\#(byteCount)]}}"#
    }
    #expect(try SafetensorsHeader(Self.source(header(byteCount), byteCount)).entries.first?.type == type)
    #expect(
      throws: CheckpointError.entry(
        "t", file: "memory/x.safetensors", .wrongSize(found: byteCount + 1, expected: byteCount))
    ) {
      _ = try SafetensorsHeader(Self.source(header(byteCount + 1), byteCount + 1))
    }
  }

  private static let file = "memory/x.safetensors"

  @Test(
    "refuses what breaks the format before the tensors",
    arguments: [
      ([1, 0, 0, 0, 0, 0, 0], .header(file: file, .noLength(byteCount: 7))),
      ([1, 0, 0, 0, 0, 0, 0, 0, 0x7B], .header(file: file, .tooShort(length: 1))),
      ([0, 0, 0, 0, 0, 0, 0, 0], .header(file: file, .tooShort(length: 0))),
      ([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], .header(file: file, .pastEnd(length: 3, byteCount: 10))),
      ([2, 0, 0, 0, 0, 0, 0, 0], .header(file: file, .pastEnd(length: 2, byteCount: 8))),
      // 100,000,001, and all bits.
      (
        [0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, 0x7B, 0x7D],
        .header(file: file, .tooLong(length: 100_000_001, limit: 100_000_000))
      ),
      (
        [0x00, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, 0x7B, 0x7D],
        .header(file: file, .pastEnd(length: 100_000_000, byteCount: 10))
      ),
      (
        [255, 255, 255, 255, 255, 255, 255, 255, 0x7B], .header(file: file, .tooLong(length: .max, limit: 100_000_000))
      ),
      ([0, 0, 0, 0, 0, 0, 0, 0x80, 0x7B], .header(file: file, .tooLong(length: 1 << 63, limit: 100_000_000))),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x7B], .header(file: file, .notAnObject(firstByte: 0x20))),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x5B, 0x5D], .header(file: file, .notAnObject(firstByte: 0x5B))),
      ([2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D, 0], .header(file: file, .trailingBytes(needed: 10, byteCount: 11))),
      (Array("version https://git-lfs.github.com/spec/v1\n".utf8), .header(file: file, .gitLFSPointer)),
      ([], .file(file, .empty)),
    ] as [([UInt8], CheckpointError)])
  func brokenFiles(bytes: [UInt8], expected: CheckpointError) throws {
    let source = try Self.source(bytes)
    let error = #expect(throws: CheckpointError.self) { _ = try SafetensorsHeader(source) }
    #expect(error == expected)
    #expect(error?.description.isOneLine == true)
    #expect(error?.description.hasPrefix("memory/x.safetensors: ") == true)
  }

  private static func entry(_ problem: CheckpointError.EntryProblem) -> CheckpointError {
    .entry("t", file: file, problem)
  }
  private static let sizes = "an array of integers from 0 on"
  private static let offsets = "an array of two byte offsets"

  @Test(
    "refuses what breaks the format inside the header",
    arguments: [
      (
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}"#, 4,
        .json(file: file, JSONError(.unexpectedByte(0x7D, expected: .key), offset: 8 + 54))
      ),
      (
        #"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"t":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
        2,
        .json(file: file, JSONError(.duplicateKey("t"), offset: 8 + 53))
      ),
      (
        #"{"t":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}"#, 1,
        .json(file: file, JSONError(.duplicateKey("shape"), offset: 8 + 31))
      ),
      ("{}{", 0, .json(file: file, JSONError(.trailingByte(0x7B), offset: 8 + 2))),
      (#"{"t":[[[[[[[[]]]]]]]]}"#, 0, .json(file: file, JSONError(.tooDeep(limit: 8), offset: 8 + 12))),
      (#"{"__metadata__":[]}"#, 0, .header(file: file, .metadataNotAnObject(found: "an array"))),
      (
        #"{"__metadata__":{"a":"b","c":1}}"#, 0,
        .header(file: file, .metadataNotAString(key: "c", found: "the integer 1"))
      ),
      (#"{"t":[0,4]}"#, 0, entry(.notAnObject(found: "an array"))),
      (#"{"t":{"shape":[1],"data_offsets":[0,4]}}"#, 4, entry(.missingField("dtype"))),
      (#"{"t":{"dtype":"F32","data_offsets":[0,4]}}"#, 4, entry(.missingField("shape"))),
      (#"{"t":{"dtype":"F32","shape":[1]}}"#, 4, entry(.missingField("data_offsets"))),
      (#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4, entry(.unknownField("x"))),
      (#"{"t":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}"#, 4, entry(.unknownType("f32"))),
      (#"{"t":{"dtype":"F128","shape":[1],"data_offsets":[0,16]}}"#, 16, entry(.unknownType("F128"))),
      (
        #"{"t":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}"#, 4,
        entry(.invalidField("dtype", found: "the integer 4", expected: "the name of an element type"))
      ),
      (
        #"{"t":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}"#, 4,
        entry(.invalidField("shape", found: "the integer 1", expected: sizes))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4,
        entry(.invalidField("shape", found: "an array with the integer -1", expected: sizes))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4,
        entry(.invalidField("shape", found: "an array with the number 1.0", expected: sizes))
      ),
      (
        #"{"t":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}"#, 4,
        entry(.invalidField("shape", found: "an array with the string \"1\"", expected: sizes))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, 4,
        entry(.invalidField("shape", found: "an array with the number 9.223372036854776e+18", expected: sizes))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0,
        entry(.sizeOverflow(shape: [4_294_967_296, 4_294_967_296]))
      ),
      // 2⁶⁴ bytes would be 0 if the product wrapped; and a size of zero does not excuse the overflow before it.
      (
        #"{"t":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#, 0,
        entry(.sizeOverflow(shape: [1 << 62]))
      ),
      (
        #"{"t":{"dtype":"U8","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}"#, 0,
        entry(.sizeOverflow(shape: [1 << 62, 4, 0]))
      ),
      (#"{"t":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#, 2, entry(.partialByte(type: "F4", shape: [3]))),
      (
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":{}}}"#, 4,
        entry(.invalidField("data_offsets", found: "an object", expected: offsets))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#, 4,
        entry(.invalidField("data_offsets", found: "an array of 3 values", expected: offsets))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4,
        entry(.invalidField("data_offsets", found: "an array with the integer -4", expected: offsets))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,null]}}"#, 4,
        entry(.invalidField("data_offsets", found: "an array with null", expected: offsets))
      ),
      // The last offset that Int holds, from which the header's length makes one it does not hold.
      (
        #"{"t":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#, 4,
        entry(.invalidField("data_offsets", found: "an array with the integer 9223372036854775807", expected: offsets))
      ),
      (#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, entry(.reversedOffsets(begin: 4, end: 0))),
      (#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}"#, 3, entry(.wrongSize(found: 3, expected: 4))),
      (#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#, 5, entry(.hole(begin: 1, expected: 0))),
      (
        #"{"s":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"t":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
        3,
        entry(.overlap(other: "s", begin: 1, expected: 2))
      ),
      (
        #"{"s":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"t":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#,
        2,
        entry(.overlap(other: "s", begin: 1, expected: 2))
      ),
      (
        #"{"s":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"t":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#,
        5,
        entry(.hole(begin: 3, expected: 2))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3,
        .header(file: file, .truncated(needed: 66, byteCount: 65))
      ),
      (
        #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5,
        .header(file: file, .trailingBytes(needed: 66, byteCount: 67))
      ),
      ("{\"t\\n\\u202e\":0}", 0, .entry("t\n\u{202E}", file: file, .notAnObject(found: "the integer 0"))),
    ] as [(String, Int, CheckpointError)])
  func brokenHeaders(header: String, byteCount: Int, expected: CheckpointError) throws {
    let source = try Self.source(header, byteCount)
    let error = #expect(throws: CheckpointError.self) { _ = try SafetensorsHeader(source) }
    #expect(error == expected)
    #expect(error?.description.isOneLine == true)
    #expect(error?.description.hasPrefix("memory/x.safetensors: ") == true)
  }

  @Test("ends in an error wherever a file is cut")
  func everyCut() throws {
    let bytes = ToyCheckpoint.safetensors([
      .init(name: "a", shape: [2, 3], bytes: [UInt8](repeating: 7, count: 24)),
      .init(name: "b", type: "F16", shape: [4], bytes: [UInt8](repeating: 8, count: 8)),
    ])
    _ = try SafetensorsHeader(Self.source(bytes))
    for count in 0..<bytes.count {
      #expect(throws: CheckpointError.self) { _ = try SafetensorsHeader(Self.source(Array(bytes[..<count]))) }
    }
  }
}
