import ArgumentParser
import GPT2

/// What to add to the logit of a token: `198=-100`.
struct TokenBias: ExpressibleByArgument {
  var token: Int
  var bias: Float

  init?(argument: String) {
    let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let token = Int(parts[0]), let bias = Float(parts[1]) else { return nil }
    (self.token, self.bias) = (token, bias)
  }
}
