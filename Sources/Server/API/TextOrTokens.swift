internal import GPT2
internal import JSON

/// What a model is asked to read.
enum TextOrTokens {
  case text(String)
  case tokens([Int])
}
