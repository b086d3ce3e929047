import HTTPTypes
import Testing

@testable import Server

@Suite("Request fields")
struct RequestFieldsTests {
  private func fields(_ text: String) throws -> RequestFields { try RequestFields(Array(text.utf8)) }

  @Test(
    "refuse what is not one JSON object",
    arguments: [
      "", "{", "[]", "null", "3", #""a""#, "{} {}", #"{"a":1,"a":1}"#, #"{"a":"\ud800"}"#, #"{"a":1e999}"#,
      #"{"a":NaN}"#,
      #"{"a":\#(String(repeating: "[", count: 8))\#(String(repeating: "]", count: 8))}"#,
      String(repeating: "[", count: 1_000_000), #"{"a":[\#(String(repeating: "1,", count: 200_001))1]}"#,
    ])
  func body(text: String) {
    let error = #expect(throws: APIError.self) { try fields(text) }
    #expect(error?.status == .badRequest && error?.param == nil)
    #expect((error?.message.utf8.count ?? 0) < 300)
  }

  @Test("refuse bytes that are not UTF-8")
  func notUTF8() {
    #expect(throws: APIError.self) { try RequestFields(Array(#"{"a":""#.utf8) + [0xFF] + Array(#""}"#.utf8)) }
  }

  @Test("are read by type, null and missing alike")
  func types() throws {
    let fields = try fields(#"{"s":"é","b":true,"i":-3,"f":2.5,"w":4.0,"n":null,"o":{"x":1}}"#)
    #expect(try fields.string("s") == "é")
    #expect(try fields.boolean("b") == true)
    #expect(try fields.integer("i", in: -3...3) == -3)
    #expect(try fields.integer("w", in: 0...4) == 4)
    #expect(try fields.number("f", in: 0...3) == 2.5)
    #expect(try fields.number("i", in: -5...0) == -3)
    #expect(try fields.string("n") == nil)
    #expect(try fields.string("missing") == nil)
    #expect(try fields.fields("o")?.integer("x", in: 0...1) == 1)
    #expect(try fields.members("o")?.map(\.key) == ["x"])
  }

  @Test("name what is of the wrong type or out of range")
  func wrong() throws {
    let fields = try fields(#"{"s":"3","b":1,"i":4,"f":2.5,"big":1e300,"a":[]}"#)
    let calls: [(String, (RequestFields) throws -> Void)] = [
      ("i", { _ = try $0.string("i") }), ("b", { _ = try $0.boolean("b") }),
      ("s", { _ = try $0.integer("s", in: 0...9) }), ("f", { _ = try $0.integer("f", in: 0...9) }),
      ("big", { _ = try $0.integer("big", in: 0...Int.max) }), ("i", { _ = try $0.integer("i", in: 0...3) }),
      ("s", { _ = try $0.number("s", in: 0...9) }), ("f", { _ = try $0.number("f", in: 0...2) }),
      ("a", { _ = try $0.members("a") }), ("a", { _ = try $0.fields("a") }),
    ]
    for (name, call) in calls {
      let error = #expect(throws: APIError.self) { try call(fields) }
      #expect(error?.param == name && error?.status == .badRequest)
    }
  }

  @Test("refuse members that nobody knows, by a name of bounded length")
  func strangers() throws {
    let fields = try fields(#"{"a":1,"\#(String(repeating: "x", count: 5000))":1}"#)
    let error = #expect(throws: APIError.self) { try fields.allow(only: ["a"]) }
    #expect(error?.code == "unknown_parameter" && error?.param?.count == 100)
    #expect((error?.message.utf8.count ?? 0) < 300)
  }

  @Test("take a prompt as text, texts, tokens or lists of tokens")
  func inputs() throws {
    func kinds(_ json: String) throws -> [String]? {
      try fields(#"{"p":\#(json)}"#).inputs("p", limit: 2)?.map { input in
        switch input {
        case .text(let text): "text \(text)"
        case .tokens(let tokens): "tokens \(tokens)"
        }
      }
    }
    #expect(try kinds("null") == nil)
    #expect(try kinds(#""a""#) == ["text a"])
    #expect(try kinds(#"["a","b"]"#) == ["text a", "text b"])
    #expect(try kinds("[1,2.0,3]") == ["tokens [1, 2, 3]"])
    #expect(try kinds(#"[[1],"b"]"#) == ["tokens [1]", "text b"])
    let wrongs = ["[]", #"[1,"a"]"#, #"["a",1]"#, "[1.5]", "{}", "true", "[null]", "[[1.5]]", "[[[1]]]"]
    for wrong in wrongs + [#"["a","b","c"]"#] {
      let error = #expect(throws: APIError.self) { try kinds(wrong) }
      #expect(error?.param == "p")
    }
  }
}
