internal import GPT2
internal import JSON

/// Fields that clients send to servers of this kind, and that change nothing here.
extension RequestFields {
  enum Kind: String {
    case string = "a string"
    case boolean = "true or false"
    case number = "a number"
    case object = "an object"
  }

  /// Fields that are taken without effect: they name the caller, ask for what is so anyway, or speak of what only other
  /// servers have, such as beam search, sessions and caches.
  static let withoutEffect: [String: Kind] = [
    "user": .string, "metadata": .object, "store": .boolean, "service_tier": .string, "safety_identifier": .string,
    "prompt_cache_key": .string, "session_id": .string, "cache_salt": .string, "length_penalty": .number,
    "early_stopping": .boolean, "spaces_between_special_tokens": .boolean, "return_token_offsets": .boolean,
    "return_mm_kwargs": .boolean, "routed_experts_prompt_start": .number, "stream_interval": .number,
    "guided_decoding_backend": .string, "guided_whitespace_pattern": .string, "parallel_tool_calls": .boolean,
  ]

  /// Fields that ask for what there is not, with what to say of them.
  static let unsupported: [String: String] = {
    let constrained = "the text cannot be held to a form"
    let tools = "GPT-2 calls no tools"
    let elsewhere = "it belongs to a part of vLLM that is not here"
    return [
      "suffix": "GPT-2 writes on from a prompt and cannot fill in a gap", "guided_json": constrained,
      "guided_regex": constrained, "guided_choice": constrained, "guided_grammar": constrained,
      "structured_outputs": constrained, "tools": tools, "functions": tools, "use_beam_search": "tokens are sampled",
      "bad_words": "use logit_bias for single tokens", "logprob_token_ids": "use logprobs",
      "prompt_embeds": "a prompt is text or tokens", "logits_processors": elsewhere, "watermarking": elsewhere,
      "repetition_detection": elsewhere, "vllm_xargs": elsewhere, "kv_transfer_params": elsewhere,
      "ec_transfer_params": elsewhere, "priority": "all requests have the same",
      "thinking_token_budget": "GPT-2 does not think before it writes",
    ]
  }()

  /// Fields of which one value asks for nothing, and others for what there is not.
  private static let fixed: [String: (values: Set<String>, reason: String)] = [
    "tool_choice": (["none", "auto"], "GPT-2 calls no tools"),
    "function_call": (["none", "auto"], "GPT-2 calls no tools"),
    "truncation": (["disabled", "auto"], "use truncate_prompt_tokens"),
  ]

  /// The names of all of these.
  static let others: Set<String> = Set(withoutEffect.keys).union(unsupported.keys).union(fixed.keys)
    .union(["response_format"])

  /// - Throws: ``APIError`` that names a field of these which asks for something, or is of the wrong type.
  func checkOthers() throws(APIError) {
    for (name, kind) in Self.withoutEffect.sorted(by: { $0.key < $1.key }) {
      guard let value = self[name], !value.isA(kind) else { continue }
      throw .invalid(name, "\(name) has to be \(kind.rawValue)")
    }
    for (name, reason) in Self.unsupported.sorted(by: { $0.key < $1.key }) {
      guard let value = self[name], !value.asksForNothing else { continue }
      // Without a limit, as vLLM has it.
      if name == "thinking_token_budget", Self.whole(value) == -1 { continue }
      throw .invalid(name, "\(name) is not supported: \(reason)")
    }
    for (name, (values, reason)) in Self.fixed.sorted(by: { $0.key < $1.key }) {
      guard let value = self[name] else { continue }
      guard let text = value.string, values.contains(text) else {
        throw .invalid(name, "\(name) is not supported: \(reason)")
      }
    }
    if let format = self["response_format"], !format.asksForNothing {
      guard format.object?["type"]?.string == "text" else {
        throw .invalid("response_format", "response_format is not supported, but for {\"type\": \"text\"}")
      }
    }
  }
}

extension JSONValue {
  fileprivate func isA(_ kind: RequestFields.Kind) -> Bool {
    switch (self, kind) {
    case (.string, .string), (.boolean, .boolean), (.integer, .number), (.number, .number), (.object, .object): true
    default: false
    }
  }
}
