internal import GPT2

/// What a request brings, of whatever kind.
enum RequestResult: Sendable {
  case token(Generation.Update)
  case scores([SampledToken])
  case hidden(HiddenStates)
}
