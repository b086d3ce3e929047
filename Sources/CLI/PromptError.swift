import GPT2
import Platform

/// What is wrong with a prompt, and which it is.
struct PromptError: Error, CustomStringConvertible {
  let place: String
  let error: SamplingError

  var description: String { "\(place): \(error)" }
}
