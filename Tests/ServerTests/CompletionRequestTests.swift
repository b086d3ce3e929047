import GPT2
import HTTPTypes
import Testing

@testable import Server

@Suite("A completion request")
struct CompletionRequestTests {
  static func request(_ members: String) throws(APIError) -> CompletionRequest {
    try CompletionRequest(Array("{\(members)}".utf8), limits: ServerLimits())
  }

  @Test("that says nothing asks for sixteen tokens after nothing")
  func defaults() throws {
    let request = try Self.request("")
    #expect(request.prompts.isEmpty && request.maximumTokens == 16)
    #expect(request.choiceCount == 1 && request.candidateCount == 1 && request.seed == nil)
    #expect(request.logProbabilities == nil && !request.echoes && !request.streams && request.stops.isEmpty)
    #expect(request.options.temperature == 1 && request.options.topP == 1 && request.options.topK == 0)
  }

  @Test("is taken at its word")
  func everything() throws {
    let request = try Self.request(
      #"""
      "model":"m","prompt":["a"],"max_tokens":3,"temperature":0.5,"top_p":0.9,"n":2,"best_of":3,"logprobs":4,"echo":true,
      "stop":["x","y"],"seed":-1,"presence_penalty":-2,"frequency_penalty":2,"logit_bias":{"5":-100,"7":1.5},"user":"u",
      "top_k":-1,"min_p":0.1,"repetition_penalty":1.5,"suffix":null
      """#)
    #expect(request.model == "m" && request.maximumTokens == 3 && request.choiceCount == 2)
    #expect(request.candidateCount == 3 && request.logProbabilities == 4 && request.echoes)
    #expect(request.stops == ["x", "y"] && request.seed == .max)
    #expect(request.options.logitBias == [5: -100, 7: 1.5] && request.options.topK == 0)
    #expect(request.options.presencePenalty == -2 && request.options.frequencyPenalty == 2)
    #expect(request.options.topLogProbabilities == 4 && request.options.repetitionPenalty == 1.5)
    let stream = try Self.request(#""stream":true,"stream_options":{"include_usage":true}"#)
    #expect(stream.streams && stream.usage == .atEnd)
    #expect(try Self.request(#""stop":"z""#).stops == ["z"])
  }

  private static let every: [String] = [
    "model", "prompt", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "best_of", "stream",
    "stream_options", "logprobs", "echo", "stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias",
    "top_k",
    "min_p", "repetition_penalty", "stop_token_ids", "min_tokens", "ignore_eos", "include_stop_str_in_output",
    "skip_special_tokens", "add_special_tokens", "truncate_prompt_tokens", "truncation_side", "prompt_logprobs",
    "allowed_token_ids", "return_token_ids", "return_tokens_as_token_ids", "request_id",
  ]

  @Test("takes null for as good as nothing, in any field, known or not")
  func null() throws {
    for name in Self.every + RequestFields.others + ["unheard_of"] {
      let request = try Self.request(#""\#(name)":null"#)
      #expect(request.maximumTokens == 16 && request.stops.isEmpty && request.hidesSpecialTokens, "\(name)")
    }
  }

  @Test(
    "takes what asks for nothing",
    arguments: [
      #""stop":"""#, #""stop":[]"#, #""stop":["",""]"#, #""suffix":"""#, #""use_beam_search":false"#,
      #""length_penalty":1.0"#, #""priority":0"#, #""response_format":{"type":"text"}"#, #""structured_outputs":{}"#,
      #""structured_outputs":{"json":null}"#, #""guided_choice":[]"#, #""tools":[],"tool_choice":"none""#,
      #""stream_options":{}"#, #""stream_options":{"include_usage":false}"#, #""logit_bias":{}"#, #""bad_words":[]"#,
      #""user":"u","metadata":{"a":"b"},"store":true,"service_tier":"auto""#, #""spaces_between_special_tokens":true"#,
      #""n":1.0,"max_tokens":16.0,"top_k":-1.0"#, #""thinking_token_budget":-1"#, #""stop_token_ids":[]"#,
    ])
  func nothing(members: String) throws {
    let request = try Self.request(members)
    #expect(request.stops.isEmpty && request.usage == .none && request.maximumTokens == 16 && request.choiceCount == 1)
  }

  @Test("takes what vLLM does")
  func others() throws {
    let request = try Self.request(
      #"""
      "max_tokens":5,"max_completion_tokens":9,"min_tokens":9,"stop_token_ids":[3,198.0],"ignore_eos":true,
      "include_stop_str_in_output":true,"skip_special_tokens":false,"add_special_tokens":false,
      "truncate_prompt_tokens":7,"truncation_side":"right","prompt_logprobs":2,"allowed_token_ids":[1,2],
      "return_token_ids":true,"return_tokens_as_token_ids":true,"request_id":"mine","stop":["","x"]
      """#)
    #expect(request.maximumTokens == 9 && request.minimumTokens == 9 && request.stopTokens == [3, 198])
    #expect(request.ignoresEndOfText && request.keepsStops)
    #expect(!request.hidesSpecialTokens && !request.reading.addSpecial)
    #expect(request.truncation?.count == 7 && request.truncation?.side == .right && request.promptLogProbabilities == 2)
    #expect(request.options.allowedTokens == [1, 2] && request.returnsTokens && request.namesTokensByID)
    #expect(request.id == "mine" && request.stops == ["x"])
    for (options, usage) in [
      (#"{"include_usage":true,"continuous_usage_stats":true}"#, CompletionRequest.StreamUsage.always),
      (#"{"continuous_usage_stats":true}"#, .always), (#"{"include_usage":true,"include_obfuscation":false}"#, .atEnd),
      (#"{"include_usage":false,"continuous_usage_stats":true}"#, .none), ("{}", .none), ("null", .none),
    ] {
      #expect(try Self.request(#""stream":true,"stream_options":\#(options)"#).usage == usage, "\(options)")
    }
  }

  @Test(
    "names the field that cannot be",
    arguments: [
      (#""suffix":"x""#, "suffix"), (#""max_tokens":-1"#, "max_tokens"), (#""max_tokens":1e9"#, "max_tokens"),
      (#""max_tokens":true"#, "max_tokens"), (#""n":0"#, "n"), (#""n":33"#, "n"), (#""n":9223372036854775808"#, "n"),
      (#""n":2,"best_of":1"#, "best_of"), (#""stream":true,"best_of":2"#, "best_of"), (#""logprobs":21"#, "logprobs"),
      (#""logprobs":true"#, "logprobs"), (#""stop":[1]"#, "stop"), (#""stop":{}"#, "stop"),
      (#""stop":["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g","h"]"#, "stop"),
      (#""temperature":-0.1"#, "temperature"), (#""temperature":2.1"#, "temperature"), (#""top_p":1.1"#, "top_p"),
      (#""top_k":-2"#, "top_k"), (#""min_p":-1"#, "min_p"), (#""repetition_penalty":0"#, "repetition_penalty"),
      (#""presence_penalty":2.5"#, "presence_penalty"), (#""frequency_penalty":"1""#, "frequency_penalty"),
      (#""logit_bias":[]"#, "logit_bias"), (#""logit_bias":{"x":1}"#, "logit_bias"),
      (#""logit_bias":{"5":101}"#, "logit_bias"), (#""logit_bias":{"5":1,"05":1}"#, "logit_bias"),
      (#""stream":1"#, "stream"), (#""user":5"#, "user"),
      (#""seed":18446744073709551616"#, "seed"), (#""prompt":[]"#, "prompt"), (#""prompt":{}"#, "prompt"),
      (#""unheard_of":1"#, "unheard_of"), (#""min_tokens":17"#, "min_tokens"), (#""min_tokens":-1"#, "min_tokens"),
      (#""stop_token_ids":5"#, "stop_token_ids"), (#""stop_token_ids":[1.5]"#, "stop_token_ids"),
      (#""ignore_eos":1"#, "ignore_eos"), (#""skip_special_tokens":"no""#, "skip_special_tokens"),
      (#""truncate_prompt_tokens":0"#, "truncate_prompt_tokens"), (#""truncation_side":"up""#, "truncation_side"),
      (#""prompt_logprobs":-1"#, "prompt_logprobs"), (#""prompt_logprobs":21"#, "prompt_logprobs"),
      (#""prompt_logprobs":1,"stream":true"#, "prompt_logprobs"),
      (#""stream":true,"stream_options":{"usage":true}"#, "usage"),
      (#""stream_options":{"include_usage":true}"#, "stream_options"),
      (#""max_completion_tokens":-1"#, "max_completion_tokens"),
      (#""guided_json":{"type":"object"}"#, "guided_json"), (#""guided_regex":"a+""#, "guided_regex"),
      (#""guided_choice":["a"]"#, "guided_choice"), (#""guided_grammar":"x""#, "guided_grammar"),
      (#""structured_outputs":{"regex":"a"}"#, "structured_outputs"), (#""use_beam_search":true"#, "use_beam_search"),
      (#""response_format":{"type":"json_object"}"#, "response_format"),
      (#""response_format":"text""#, "response_format"),
      (#""tools":[{}]"#, "tools"), (#""tool_choice":"required""#, "tool_choice"), (#""priority":1"#, "priority"),
      (#""bad_words":["a"]"#, "bad_words"), (#""length_penalty":"1""#, "length_penalty"), (#""store":"yes""#, "store"),
    ])
  func wrong(members: String, param: String) {
    let error = #expect(throws: APIError.self) { try Self.request(members) }
    #expect(error?.param == param && error?.status == .badRequest && error?.type == "invalid_request_error")
    #expect(error?.message.contains(param) == true)
  }
}

@Suite("A completion job")
struct CompletionJobTests {
  private func job(_ members: String) throws -> CompletionJob {
    try CompletionJob(
      CompletionRequestTests.request(members), configuration: try Demo.configuration.get(),
      tokenizer: try Demo.tokenizer.get(), limits: ServerLimits())
  }

  @Test("has a text for each prompt and candidate, and counts each prompt once")
  func texts() throws {
    let job = try job(#""prompt":["ROMEO:",[1,2,3]],"n":2,"best_of":3,"max_tokens":4"#)
    #expect(job.textCount == 6 && job.prompts.map(\.tokens.count) == [2, 3] && job.promptTokens == 5)
    #expect(job.prompts[0].text == "ROMEO:")
  }

  @Test("reads special tokens in a prompt as tokens, and as text when asked to")
  func special() throws {
    let tokenizer = try Demo.tokenizer.get()
    let end = try #require(tokenizer.endOfText)
    let text = #""prompt":"ROMEO:<|endoftext|>""#
    #expect(try job(text).prompts[0].tokens == tokenizer.encode("ROMEO:") + [end])
    #expect(try job(text + #","allow_special":true"#).prompts[0].tokens.last == end)
    let plain = try job(text + #","allow_special":false,"add_special_tokens":false"#).prompts[0]
    #expect(!plain.tokens.contains(end) && plain.text == "ROMEO:<|endoftext|>")
    let error = #expect(throws: APIError.self) { try job(text + #","allow_special":"no""#) }
    #expect(error?.param == "allow_special")
  }

  @Test("begins an empty text with the token that begins texts, and echoes nothing of it")
  func empty() throws {
    let beginning = try #require(try Demo.tokenizer.get().endOfText)
    for prompt in ["", #""prompt":"""#, #""prompt":null"#] {
      let job = try job(prompt)
      #expect(job.prompts.map(\.text) == [""] && job.prompts[0].tokens == [beginning])
    }
  }

  @Test("reads the last tokens of a longer prompt, or the first")
  func truncated() throws {
    let prompt = #""prompt":[1,2,3,4,5],"max_tokens":4"#
    #expect(try job(prompt + #","truncate_prompt_tokens":2"#).prompts[0].tokens == [4, 5])
    #expect(try job(prompt + #","truncate_prompt_tokens":2,"truncation_side":"right""#).prompts[0].tokens == [1, 2])
    #expect(try job(prompt + #","truncate_prompt_tokens":9"#).promptTokens == 5)
    let size = try Demo.configuration.get().positionCount
    let long = #""prompt":\#(Array(repeating: 5, count: 2 * size)),"max_tokens":4"#
    #expect(try job(long + #","truncate_prompt_tokens":-1"#).promptTokens == size - 4)
    let error = #expect(throws: APIError.self) { try job(long + #","truncate_prompt_tokens":\#(size - 3)"#) }
    #expect(error?.param == "truncate_prompt_tokens" && error?.status == .badRequest)
  }

  @Test("fills the context to its last token")
  func fits() throws {
    let size = try Demo.configuration.get().positionCount
    let prompt = #""prompt":\#(Array(repeating: 5, count: size - 4))"#
    #expect(try job(prompt + #","max_tokens":4"#).promptTokens == size - 4)
    let error = #expect(throws: APIError.self) { try job(prompt + #","max_tokens":5"#) }
    #expect(error?.code == "context_length_exceeded" && error?.param == "max_tokens")
  }

  @Test(
    "is refused by the field that does not fit the model",
    arguments: [
      (#""prompt":[[]]"#, "prompt"), (#""prompt":[-1]"#, "prompt"), (#""prompt":[1024]"#, "prompt"),
      (#""prompt":\#(Array(repeating: 5, count: 1000))"#, "prompt"),
      (#""stop":"\#(String(repeating: "x", count: 2000))""#, "stop"), (#""logit_bias":{"1024":1}"#, "logit_bias"),
      (#""prompt":\#(Array(repeating: "a", count: 100)),"n":2"#, "n"),
    ])
  func refused(members: String, param: String) {
    let error = #expect(throws: APIError.self) { try job(members) }
    #expect(error?.param == param && error?.status == .badRequest)
  }
}
