internal import JSON

extension Checkpoint {
  /// What a person should know of the files, one line each; of most checkpoints there is nothing to say.
  public var notes: [String] {
    var notes: [String] = []
    if !leftAside.isEmpty {
      let shown = leftAside.prefix(4).map(\.quoted).joined(separator: ", ")
      let more = leftAside.count > 4 ? " and \(leftAside.count - 4) more" : ""
      notes.append("left aside \(shown)\(more): not part of GPT-2's language model")
    }
    if untiesHead {
      notes.append(
        "lm_head.weight differs from wte.weight and is the head, although config.json ties them;"
          + " transformers before 5 takes wte.weight (remove lm_head.weight for that)")
    }
    return notes.map { "\(folder.name): \($0)" }
  }
}

extension Tokenizer {
  /// What a person should know when this tokenizer goes with such a model, on one line; nil when their tokens are the same.
  public func note(on configuration: Configuration) -> String? {
    let (known, limit) = (vocabularySize, configuration.vocabularySize)
    if known < limit { return "\(limit) tokens, \(known) of them with a text" }
    if known > limit {
      return "the tokenizer has \(known) tokens, the model \(limit); a text with a token from \(limit) on is refused"
    }
    return nil
  }
}
