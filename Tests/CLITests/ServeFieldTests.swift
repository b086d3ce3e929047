import Foundation
import Testing

/// Fields of requests as clients of vLLM send them.
@Suite("The fields that gpt2 serve takes", .serialized, .timeLimit(.minutes(3)))
struct ServeFieldTests {
  private func choice(_ answer: Answer) throws -> [String: Any] {
    try #require((try answer.object()["choices"] as? [[String: Any]])?.first, "\(answer)")
  }

  private func generated(_ flags: [String]) throws -> [String: Any] {
    let program = try Program(["generate", "--json", "--stages", "1", "--seed", "4"] + flags)
    return try #require(try program.objects().first, "\(program.notes)")
  }

  @Test("write what the command line writes: past the end of a text, up to a token, at least so many tokens")
  func ends() throws {
    let server = try ServedModel()
    // The bias makes the end of a text come soon.
    let end = #""prompt":"ROMEO:","seed":4,"max_tokens":24,"return_token_ids":true,"logit_bias":{"1023":12}"#
    let flags = ["ROMEO:", "--max-tokens", "24", "--logit-bias", "1023=12"]
    for (members, more) in [
      ("", []), (#","ignore_eos":true"#, ["--ignore-eos"]),
      (#","ignore_eos":true,"skip_special_tokens":false"#, ["--ignore-eos", "--show-special"]),
    ] {
      let choice = try choice(server.complete(end + members))
      let alone = try generated(flags + more)
      #expect(choice["text"] as? String == alone["text"] as? String)
      #expect(choice["token_ids"] as? [Int] == alone["tokens"] as? [Int])
      #expect((choice["text"] as? String)?.contains("<|endoftext|>") == more.contains("--show-special"))
    }
    let late = try choice(server.complete(end + #","min_tokens":20"#))
    let tokens = try #require(late["token_ids"] as? [Int])
    #expect(tokens.count > 20 && !tokens.prefix(20).contains(1023) && late["finish_reason"] as? String == "stop")

    let free = #""prompt":"ROMEO:","seed":4,"max_tokens":24,"return_token_ids":true"#
    let written = try #require(try choice(server.complete(free))["token_ids"] as? [Int])
    let stopped = try choice(server.complete(free + #","stop_token_ids":[\#(written[9])]"#))
    let count = try #require(written.firstIndex(of: written[9])) + 1
    #expect(stopped["token_ids"] as? [Int] == Array(written.prefix(count)))
    #expect(stopped["stop_reason"] as? Int == written[9] && stopped["finish_reason"] as? String == "stop")
  }

  @Test("say how likely a prompt's tokens are, with their ranks, as score does")
  func promptLogProbabilities() throws {
    let server = try ServedModel()
    let choice = try choice(
      server.complete(#""prompt":"To be, or not","max_tokens":1,"prompt_logprobs":2,"return_token_ids":true"#))
    let tokens = try #require(choice["prompt_token_ids"] as? [Int])
    let likely = try #require(choice["prompt_logprobs"] as? [Any])
    #expect(likely.count == tokens.count && likely.first is NSNull)
    for (token, entry) in zip(tokens, likely).dropFirst() {
      let entry = try #require(entry as? [String: [String: Any]])
      let own = try #require(entry["\(token)"])
      let ranks = Set(entry.values.compactMap { $0["rank"] as? Int })
      #expect(ranks.isSuperset(of: [1, 2]) && (own["rank"] as? Int).map(ranks.contains) == true)
      #expect(own["decoded_token"] is String && (own["logprob"] as? Double ?? 1) <= 0)
    }
    let score = try Program([
      "score", "--json", "--per-token", "--stages", "1", "--token-ids", tokens.map { "\($0)" }.joined(separator: ","),
    ]).objects()
    let scored = try #require(score.first?["per_token"] as? [[String: Any]]).compactMap { $0["logprob"] as? Double }
    let found = zip(tokens, likely).dropFirst().compactMap { token, entry in
      (entry as? [String: [String: Any]])?["\(token)"]?["logprob"] as? Double
    }
    #expect(scored == found)
  }

  @Test("come with usage in every event of a stream that asks for it")
  func usage() throws {
    let server = try ServedModel()
    let events = try server.complete(
      #""prompt":"ROMEO:","max_tokens":3,"ignore_eos":true,"stop":null,"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}"#
    ).events
    let counts = try events.dropLast().map { event in
      let object = try #require(try JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any])
      return (object["usage"] as? [String: Int])?["completion_tokens"]
    }
    #expect(counts == [1, 2, 3, 3] && events.last == "[DONE]")
  }

  @Test("are refused by name when they ask for what there is not, and ignored when they ask for nothing")
  func refused() throws {
    let server = try ServedModel()
    for field in ["guided_json", "response_format", "tools", "ignore_eos", "suffix", "stop", "anything"] {
      #expect(try server.complete(#""max_tokens":1,"\#(field)":null"#).status == 200, "\(field)")
    }
    #expect(try server.complete(#""max_tokens":1,"stop":"","suffix":"","use_beam_search":false"#).status == 200)
    let refused = try server.complete(#""max_tokens":1,"guided_json":{"type":"object"}"#)
    #expect(refused.status == 400)
    #expect(try refused.error()["param"] as? String == "guided_json")
  }

  @Test("give tokens as vLLM gives them")
  func tokens() throws {
    let server = try ServedModel()
    let answer = try server.call(
      "POST", "/tokenize", #"{"prompt":"To be","add_special_tokens":true,"return_token_strs":true}"#
    ).object()
    let tokens = try #require(answer["tokens"] as? [Int])
    let spellings = try #require(answer["token_strs"] as? [String])
    #expect(answer["count"] as? Int == tokens.count && answer["max_model_len"] as? Int == 256)
    #expect(spellings.joined() == "To\u{120}be" && spellings.count == tokens.count)
    #expect(try server.call("POST", "/tokenize", #"{"prompt":"a"}"#).object()["token_strs"] is NSNull)
    let back = try server.call("POST", "/detokenize", #"{"tokens":\#(tokens)}"#).object()
    #expect(back["prompt"] as? String == "To be")
    #expect(try server.call("POST", "/detokenize", #"{"tokens":[]}"#).object()["prompt"] as? String == "")
  }

  @Test("take 2,048 texts to embed beside others, and give each the vector it has alone")
  func embeddings() throws {
    let server = try ServedModel()
    func vectors(_ input: String) throws -> [String] {
      let answer = try server.call("POST", "/v1/embeddings", #"{"input":\#(input),"encoding_format":"base64"}"#)
      let data = try #require(try answer.object()["data"] as? [[String: Any]], "\(answer.body.prefix(300))")
      #expect(data.compactMap { $0["index"] as? Int } == Array(0..<data.count))
      return data.compactMap { $0["embedding"] as? String }
    }
    let all = try vectors("\((0..<2048).map { "a \($0 % 7)" })")
    let few = try (0..<7).map { try vectors(#""a \#($0)""#)[0] }
    #expect(all == (0..<2048).map { few[$0 % 7] })
    let refused = try server.call("POST", "/v1/embeddings", #"{"input":["a","b","c",""]}"#)
    #expect(refused.status == 400)
    #expect((try refused.error()["message"] as? String)?.hasPrefix("input[3] is empty") == true)
    #expect(try server.metric("gpt2_texts") == 0)
  }
}
