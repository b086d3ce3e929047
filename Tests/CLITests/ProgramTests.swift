import Foundation
import Testing

@Suite("The program", .timeLimit(.minutes(5)))
struct ProgramTests {
  private struct Golden: Decodable {
    var prompt: String
    var tokens: [Int]
    var text: String
  }

  /// Sources/DemoModel/check.py wrote the file, with transformers.
  @Test("writes what transformers writes with the bundled model")
  func demo() throws {
    let file = try #require(Bundle.module.url(forResource: "demo-greedy", withExtension: "json"))
    let goldens = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
    #expect(goldens.count >= 5)
    for golden in goldens {
      let run = try Program(
        ["generate", "--temperature", "0", "--max-tokens", "48", "--ignore-eos", "--json", golden.prompt])
      #expect(run.status == 0)
      let object = try #require(try run.objects().first)
      #expect(object["tokens"] as? [Int] == golden.tokens)
      #expect(object["text"] as? String == golden.text)
      #expect(object["prompt"] as? String == golden.prompt)
      #expect(object["finish_reason"] as? String == "length")
    }
  }

  // That make build's has the commit in it is tried by deploy/install/check.
  @Test("names its version, whatever the command", arguments: [["--version"], ["generate", "--version"]])
  func version(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 0)
    #expect(run.output.wholeMatch(of: /gpt2 \d+\.\d+\.\d+( \([0-9a-f]{10}(\+changes)?\))?\n/) != nil, "\(run.output)")
  }

  @Test("gives generate and score the same log-probabilities, as printed, for any threads and instruction set")
  func logProbabilities() throws {
    let generated = try Program(["generate", "KING", "--seed", "3", "--max-tokens", "30", "--ignore-eos", "--json"])
    let object = try #require(try generated.objects().first)
    let prompt = try #require(object["prompt_tokens"] as? [Int])
    let tokens = try #require(object["tokens"] as? [Int])
    let text = generated.output.firstMatch(of: /"logprobs":\[([^\]]*)\]/)
    let logprobs = try #require(text?.1.split(separator: ","))
    for (threads, kernels) in [("1", "portable"), ("2", "")] {
      let ids = (prompt + tokens).map { String($0) }.joined(separator: ",")
      let scored = try Program(
        ["score", "--token-ids", ids, "--per-token", "--threads", threads], environment: ["GPT2_KERNELS": kernels])
      let lines = scored.output.split(separator: "\n").prefix(prompt.count + tokens.count - 1)
      #expect(lines.dropFirst(prompt.count - 1).map { $0.prefix { $0 != "\t" } } == logprobs)
    }
  }

  @Test("gives score the alternatives of generate, as printed")
  func alternatives() throws {
    let flags = ["--seed", "3", "--max-tokens", "9", "--ignore-eos", "--json", "--logprobs", "4"]
    let generated = try #require(try Program(["generate", "KING"] + flags).objects().first)
    let prompt = try #require(generated["prompt_tokens"] as? [Int])
    let ids = (prompt + (generated["tokens"] as? [Int] ?? [])).map { String($0) }.joined(separator: ",")
    let scored = try #require(try Program(["score", "--token-ids", ids, "--json", "--logprobs", "4"]).objects().first)
    let tokens = try #require(scored["per_token"] as? [[String: Any]])
    #expect(tokens.count == prompt.count + 8)
    let tops = tokens.dropFirst(prompt.count - 1).map { $0["top_logprobs"] as? NSArray }
    #expect(try #require(generated["top_logprobs"] as? NSArray) == tops.compactMap { $0 } as NSArray)
  }

  @Test("reads prompts from standard input and from a file, one a line")
  func prompts() throws {
    let flags = ["--max-tokens", "4", "--seed", "9", "--json"]
    let piped = try Program(["generate", "-"] + flags, input: "Good morrow")
    #expect(try piped.objects().map { $0["prompt"] as? String } == ["Good morrow"])
    let file = FileManager.default.temporaryDirectory.appending(path: "prompts-\(UUID().uuidString).txt")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("Good morrow\r\n\r\nThe king\n".utf8).write(to: file)
    let batch = try Program(["generate", "--prompts", file.path] + flags)
    #expect(try batch.objects().map { $0["prompt"] as? String } == ["Good morrow", "The king"])
    #expect(try batch.objects().first?["tokens"] as? [Int] == piped.objects().first?["tokens"] as? [Int])
  }

  @Test("gives tokenized bytes back, and reads specials unless told not to")
  func tokenize() throws {
    let text = "Ay, ’tis so.\n\t🙂  "
    let tokens = try Program(["tokenize"], input: text).output
    #expect(try Program(["tokenize", "--decode"], input: tokens).output == text)
    #expect(try Program(["tokenize", "--allow-special", "<|endoftext|>"]).output == "1023\n")
    #expect(try Program(["tokenize", "<|endoftext|>"]).output == "1023\n")
    #expect(try Program(["tokenize", "--no-special", "<|endoftext|>"]).output.split(separator: " ").count > 1)
    #expect(try Program(["tokenize", "--no-special", "--allow-special", "x"]).status == 64)
  }

  @Test(
    "ends bad calls with one line that says what, and the right code",
    arguments: [
      (["generate", "--model", "/nowhere", "x"], 1, "/nowhere"),
      (["generate"], 1, "standard input: is empty"),
      (["score", "/dev/null"], 1, "/dev/null: is empty"),
      (["generate", "--token-ids", "5,1024"], 1, "1024"),
      (["score", "--token-ids", "5,1024"], 1, "1024"),
      (["score", "--token-ids", "5"], 1, "at least 2"),
      (["embed", "x", "--output", "/nowhere/x.safetensors"], 1, "/nowhere/x.safetensors"),
      (["embed", "x", "--output", "/dev/null"], 1, "regular file"),
      (["generate", "--prompts", "/nowhere.txt"], 1, "/nowhere.txt"),
      (["tokenize", "--decode", "7,x"], 1, "x"),
      (["tokenize", "--decode", "1024"], 1, "1024"),
      (["generate", "--bogus", "x"], 64, "--bogus"),
      (["generate", "--top-p", "1.5", "x"], 64, "top-p"),
      (["generate", "--presence-penalty", "-2.5", "x"], 64, "presence-penalty is -2.5"),
      (["generate", "--logit-bias", "7=x", "x"], 64, "--logit-bias"),
      (["generate", "--logit-bias", "7=1", "--logit-bias", "7=2", "x"], 64, "token 7"),
      (["generate", "--logit-bias", "1024=-100", "x"], 1, "token 1024"),
      (["generate", "--threads", "0", "x"], 64, "--threads"),
      (["generate", "-hello"], 64, "-hello"),
      (["score", "--window", "1", "--token-ids", "1,2,3"], 64, "--window"),
      (["score", "--logprobs", "101", "--json", "--token-ids", "1,2,3"], 64, "--logprobs 101"),
      (["score", "--logprobs", "5", "--token-ids", "1,2,3"], 64, "--json"),
      (["genrate", "x"], 64, "there is no command “genrate”; is gpt2 generate meant?"),
    ])
  func badCalls(arguments: [String], status: Int, message: String) throws {
    let run = try Program(arguments)
    #expect(run.status == Int32(status))
    #expect(run.output.isEmpty)
    let lines = run.notes.split(separator: "\n").filter { $0.starts(with: "gpt2: ") }
    #expect(lines.count == 1 && lines[0].contains(message), "\(run.notes)")
  }

  @Test("writes hidden states that a reader of safetensors finds, whatever else is in the batch")
  func embed() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "embed-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (alone, both) = (folder.appending(path: "alone"), folder.appending(path: "both"))
    #expect(try Program(["embed", "--token-ids", "5,6,7", "--output", alone.path]).status == 0)
    #expect(
      try Program(["embed", "--token-ids", "5,6,7", "--token-ids", "8,9,10,11", "--output", both.path]).status == 0)
    let (first, second) = (try Self.hidden(alone), try Self.hidden(both))
    #expect(first.shape == [1, 3, 128] && second.shape == [2, 4, 128])
    #expect(first.bytes == second.bytes.prefix(3 * 128 * 4))
    #expect(second.bytes.dropFirst(3 * 128 * 4).prefix(128 * 4).allSatisfy { $0 == 0 })
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["alone", "both"])
  }

  private static func hidden(_ file: URL) throws -> (shape: [Int], bytes: Data) {
    let data = try Data(contentsOf: file)
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: data[8..<(8 + length)]) as? [String: [String: Any]]
    let entry = try #require(header?["hidden_states"])
    let offsets = try #require(entry["data_offsets"] as? [Int])
    return (
      try #require(entry["shape"] as? [Int]), Data(data[(8 + length + offsets[0])..<(8 + length + offsets[1])])
    )
  }
}
