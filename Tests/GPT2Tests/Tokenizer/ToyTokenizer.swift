import JSON

@testable import GPT2

/// A tokenizer small enough to know by heart: token `b` for byte `b`, then one for each merge, then `<|endoftext|>`.
enum ToyTokenizer {
  static let merges = [
    ("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "t"), ("Ġt", "he"), ("i", "n"), ("in", "g"), ("Ã", "©"),
    ("Ġ", "Ġ"), ("'", "s"), ("Ġ", "'"), ("1", "2"), ("t", "he"), ("o", "o"), ("o", "oo"),
  ]
  /// The number of the token of merge `rank`.
  static func token(_ rank: Int) -> Int { 256 + rank }
  static let endOfText = 256 + merges.count
  static let vocabularySize = 257 + merges.count

  /// Everything as spelled, by token.
  static let spellings: [String] =
    (UInt8.min...UInt8.max).map { ByteAlphabet.spelling(of: [$0]) } + merges.map { $0.0 + $0.1 } + ["<|endoftext|>"]

  private static let made = Result { try Tokenizer(folder()) }

  static func shared() throws -> Tokenizer { try made.get() }

  static func folder(vocabulary: String? = nil, merges: String? = nil) -> CheckpointFolder {
    .memory([
      "vocab.json": Array((vocabulary ?? vocabularyJSON()).utf8), "merges.txt": Array((merges ?? mergesText()).utf8),
    ])
  }

  /// `vocab.json`, with entries dropped, renumbered or added.
  static func vocabularyJSON(_ changes: [String: JSONValue?] = [:], without lost: Set<Int> = []) -> String {
    var members: [(key: String, value: JSONValue)] = []
    for (token, spelling) in spellings.enumerated() where !lost.contains(token) {
      members.append((spelling, (changes[spelling] ?? nil) ?? .integer(token)))
    }
    for (spelling, value) in changes.sorted(by: { $0.key < $1.key }) where !spellings.contains(spelling) {
      members.append((spelling, value!))
    }
    return JSONValue.object(JSONObject(members)).description
  }

  static func mergesText(header: String = "#version: 0.2\n", newline: String = "\n", end: String = "\n") -> String {
    header + merges.map { "\($0.0) \($0.1)" }.joined(separator: newline) + end
  }

  static let addedEndOfText = #"{"id":\#(endOfText),"content":"<|endoftext|>","special":true}"#

  /// `tokenizer.json` as transformers writes it, but for what is given.
  static func json(
    top: String = "", added: String = "[\(addedEndOfText)]", normalizer: String = "null",
    preTokenizer: String = #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#,
    postProcessor: String = "null", decoder: String = #"{"type":"ByteLevel","add_prefix_space":true}"#,
    type: String = #""BPE""#, model: String = "", vocabulary: String? = nil, merges: String? = nil
  ) -> String {
    let merges =
      merges
      ?? JSONValue.array(ToyTokenizer.merges.map { .array([.string($0.0), .string($0.1)]) }).description
    return """
      {"version":"1.0","truncation":null,"padding":null,\(top)"added_tokens":\(added),"normalizer":\(normalizer),
       "pre_tokenizer":\(preTokenizer),"post_processor":\(postProcessor),"decoder":\(decoder),
       "model":{"type":\(type),\(model)"vocab":\(vocabulary ?? vocabularyJSON()),"merges":\(merges)}}
      """
  }

  /// - Parameter kind: `tokenizer_class`; without one all of `tokenizer.json` counts, as transformers has it.
  static func folder(json: String, class kind: String? = nil, files: [String: String] = [:]) -> CheckpointFolder {
    var all = files.mapValues { Array($0.utf8) }
    all["tokenizer.json"] = Array(json.utf8)
    if let kind { all["tokenizer_config.json"] = Array(#"{"tokenizer_class":"\#(kind)"}"#.utf8) }
    return .memory(all)
  }
}
