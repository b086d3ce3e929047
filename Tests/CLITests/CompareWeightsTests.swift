import Foundation
import Testing

@Suite("compare-weights", .timeLimit(.minutes(5)))
struct CompareWeightsTests {
  /// From Measure for Measure and Julius Caesar, with names and verse as the demo model was trained on.
  private static let text = """
    CLAUDIO:
    Ay, but to die, and go we know not where;
    To lie in cold obstruction and to rot;
    This sensible warm motion to become
    A kneaded clod; and the delighted spirit
    To bathe in fiery floods, or to reside
    In thrilling region of thick-ribbed ice;
    To be imprison'd in the viewless winds,
    And blown with restless violence round about
    The pendent world; or to be worse than worst
    Of those that lawless and incertain thought
    Imagine howling: 'tis too horrible!
    The weariest and most loathed worldly life
    That age, ache, penury and imprisonment
    Can lay on nature is a paradise
    To what we fear of death.

    ISABELLA:
    Alas, alas!

    CLAUDIO:
    Sweet sister, let me live:
    What sin you do to save a brother's life,
    Nature dispenses with the deed so far
    That it becomes a virtue.

    ANTONY:
    Friends, Romans, countrymen, lend me your ears;
    I come to bury Caesar, not to praise him.
    The evil that men do lives after them;
    The good is oft interred with their bones;
    So let it be with Caesar. The noble Brutus
    Hath told you Caesar was ambitious:
    If it were so, it was a grievous fault,
    And grievously hath Caesar answer'd it.

    """

  private static func report(_ flags: [String], input: String = text) throws -> [String: Any] {
    let run = try Program(["compare-weights", "--json"] + flags, input: input)
    #expect(run.status == 0, "\(run.notes)")
    return try #require(try run.objects().first)
  }

  private static func number(_ row: [String: Any], _ key: String) throws -> Double {
    try #require((row[key] as? NSNumber)?.doubleValue, "\(key)")
  }

  @Test("finds a BF16 checkpoint the same as BF16 to the bit, and INT8 near")
  func types() throws {
    let report = try Self.report([])
    let rows = try #require(report["types"] as? [[String: Any]])
    #expect(rows.map { $0["weights"] as? String } == ["bf16", "f16", "int8"])
    let tokens = try #require(report["tokens"] as? Int)
    // More than a window, so that windows are put together.
    #expect(tokens == report["text_tokens"] as? Int && tokens > (report["window"] as? Int ?? .max))
    let reference = try #require(report["reference"] as? [String: Any])
    let entropy = try Self.number(reference, "cross_entropy")
    #expect((1..<6.9).contains(entropy))  // a model that knows nothing has log 1024 = 6.93

    #expect(try Self.number(rows[0], "cross_entropy") == entropy)
    for key in ["cross_entropy_change", "largest_logit_difference", "logit_difference"] {
      #expect(try Self.number(rows[0], key) == 0, "\(key)")
      #expect(try Self.number(rows[2], key) != 0, "\(key)")
    }
    #expect(try Self.number(rows[0], "same_token_share") == 1)

    let change = try Self.number(rows[2], "cross_entropy_change")
    #expect(abs(change) < 0.005)
    #expect(abs(try Self.number(rows[2], "cross_entropy") / entropy - 1 - change) < 1e-12)
    #expect((0.9..<1).contains(try Self.number(rows[2], "same_token_share")))
    #expect((1e-4..<0.05).contains(try Self.number(rows[2], "logit_difference")))
    let bytes = try ([reference] + rows).map { try Self.number($0, "weight_bytes") }
    #expect(bytes[0] > 1.9 * bytes[1] && bytes[1] == bytes[2] && bytes[2] > 1.5 * bytes[3])
  }

  @Test("gives f32 the cross-entropy that score gives it, whatever the types and the number of threads")
  func reference() throws {
    let text = String(Self.text.prefix(400))
    let scored = try #require(try Program(["score", "--json", "-p", text, "--weights", "f32"]).objects().first)
    let tokens = try Self.number(scored, "tokens")
    let nats = try Self.number(scored, "negative_log_likelihood")
    for flags in [["--weights", "int8"], ["--weights", "f32,auto", "--threads", "1"]] {
      let report = try Self.report(flags + ["-p", text])
      #expect(try Self.number(report, "tokens") == tokens)
      let reference = try #require(report["reference"] as? [String: Any])
      #expect(abs(try Self.number(reference, "cross_entropy") * tokens / nats - 1) < 1e-12)
      #expect((report["types"] as? [Any])?.count == 1)
    }
  }

  @Test("reads no more than it is told, and says so in a table")
  func table() throws {
    let run = try Program(["compare-weights", "--tokens", "300", "--weights", "int8"], input: Self.text)
    #expect(run.status == 0 && run.output.contains("on the first 300 of "), "\(run.output)\(run.notes)")
    let rows = run.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(rows.contains { $0.first == "f32" && $0.count == 4 } && rows.contains { $0.first == "int8" })
    // The same tokens as where the text ends there.
    let ids = try Program(["tokenize"], input: Self.text).output.split(separator: " ").prefix(301)
    let (cut, whole) = (
      try Self.report(["--token-ids", ids.joined(separator: ","), "--weights", "int8"]),
      try Self.report(["--tokens", "300", "--weights", "int8"])
    )
    #expect(try #require(cut["types"] as? NSArray) == (try #require(whole["types"] as? NSArray)))
  }

  @Test("says which type cannot hold the model, and goes on with the others")
  func beyond() throws {
    let folder = try TemporaryFolder()
    let model = try Cluster.checkpoint(in: folder) { copy in
      // A weight of 73,728 in BF16, which F16 cannot hold.
      let file = copy.appending(path: "model.safetensors")
      var data = try Data(contentsOf: file)
      let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let header = try JSONSerialization.jsonObject(with: data[8..<(8 + length)]) as? [String: [String: Any]]
      let entry = try #require(header?.first { $0.key.hasSuffix("h.3.mlp.c_fc.weight") }?.value)
      let place = 8 + length + (try #require((entry["data_offsets"] as? [Int])?.first))
      data.replaceSubrange(place..<(place + 2), with: [0x90, 0x47])
      try data.write(to: file)
    }
    let report = try Self.report(["--model", model, "-p", "To be, or not to be"])
    #expect((report["types"] as? [[String: Any]])?.map { $0["weights"] as? String } == ["bf16", "int8"])
    let refused = try #require((report["refused"] as? [[String: Any]])?.first)
    #expect(refused["weights"] as? String == "f16" && "\(refused["reason"] ?? "")".contains("73728"))
    let alone = try Program(["compare-weights", "--model", model, "--weights", "f16", "-p", "To be"])
    #expect(alone.status == 1 && alone.output.isEmpty && alone.notes.contains("use --weights auto, or bf16"))
    #expect(alone.notes.split(separator: "\n").count == 1)
  }

  @Test(
    "refuses what cannot be compared in one line, with what to do",
    arguments: [
      (["--weights", "f32", "-p", "a b"], 64, "give bf16, f16, int8 or auto"),
      (["--weights", "int4", "-p", "a b"], 64, "'int8'"), (["--weights", "int8,int8", "-p", "a b"], 64, "'int8'"),
      (["--tokens", "0", "-p", "a b"], 64, "--tokens 0"), (["-p", "x"], 1, "give more text"),
      (["/nowhere"], 1, "/nowhere"), (["--token-ids", "5,1024"], 1, "1024"), (["-m", "/nowhere", "x"], 1, "/nowhere"),
    ])
  func refusals(arguments: [String], status: Int, words: String) throws {
    let run = try Program(["compare-weights"] + arguments)
    #expect(run.status == status && run.output.isEmpty)
    #expect(run.notes.contains(words) && run.notes.split(separator: "\n").count == 1, "\(run.notes)")
  }
}
