import Coordinator
import GPT2
import MicroBatching
import Platform

/// A measurement that cannot be made.
enum BenchError: Error, CustomStringConvertible {
  case tooShort(tokens: Int)
  /// What libzmq says.
  case libzmq(String)

  var description: String {
    switch self {
    case .tooShort(let tokens):
      "the texts end before all are being written: the model's context gives \(tokens) tokens; use a larger model, or fewer stages"
    case .libzmq(let reason): "cannot measure a round trip over libzmq: \(reason); try again"
    }
  }
}
