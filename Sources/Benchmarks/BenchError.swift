internal import Coordinator
internal import GPT2
internal import Platform

/// A measurement that cannot be made.
package enum BenchError: Error, CustomStringConvertible {
  case tooShort(tokens: Int)

  package var description: String {
    switch self {
    case .tooShort(let tokens):
      "the texts end before all are being written: the model's context gives \(tokens) tokens; use a larger model, or fewer stages"
    }
  }
}
