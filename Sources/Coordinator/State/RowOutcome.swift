internal import GPT2

/// What the head made of rows that came back.
struct RowOutcome: Sendable {
  enum Value: Sendable {
    case token(SampledToken)
    case scores([SampledToken])
    case hidden(HiddenStates)
    case failed(SamplingError)
  }

  var request: RequestID
  var value: Value
}
