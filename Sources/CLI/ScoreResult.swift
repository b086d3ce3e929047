import ArgumentParser
import Coordinator
import FoundationEssentials
import GPT2
import LibC
import Platform

/// What `score` says of a text.
struct ScoreResult: Encodable {
  /// Tokens scored: all but the first.
  var tokens: Int
  /// Sum over the tokens scored, in nats.
  var negativeLogLikelihood: Double
  /// Nil when it is beyond any number.
  var perplexity: Double?
  /// By the bytes of the tokens scored; nil without a tokenizer.
  var bitsPerByte: Double?
  var tokensPerSecond: Double
  /// How the model's matrices are held.
  var weights: String
  var perToken: [Token]?

  struct Token: Encodable {
    var token: Int
    var text: String?
    var logprob: Float
    /// Nil when none are asked for.
    var topLogprobs: [GenerateResult.TopToken]?

    enum CodingKeys: String, CodingKey {
      case token, text, logprob
      case topLogprobs = "top_logprobs"
    }

    init(_ scored: SampledToken, text: String?) {
      (token, self.text, logprob) = (scored.token, text, scored.logProbability)
      topLogprobs =
        scored.top.isEmpty ? nil : scored.top.map { .init(token: $0.token, logprob: $0.logProbability) }
    }
  }

  enum CodingKeys: String, CodingKey {
    case tokens, weights
    case negativeLogLikelihood = "negative_log_likelihood"
    case perplexity
    case bitsPerByte = "bits_per_byte"
    case tokensPerSecond = "tokens_per_second"
    case perToken = "per_token"
  }

  init(_ scores: [SampledToken], _ tokenizer: Tokenizer?, perToken: Bool, seconds: Double, weights: WeightTypes) {
    self.weights = weights.name
    let nats = -scores.reduce(0) { $0 + Double($1.logProbability) }
    tokens = scores.count
    negativeLogLikelihood = nats
    let mean = exp(nats / Double(scores.count))
    perplexity = mean.isFinite ? mean : nil
    // A model may know more tokens than its tokenizer; of a text with such there is no number of bytes.
    bitsPerByte = tokenizer.flatMap { tokenizer in
      (try? tokenizer.decode(scores.map(\.token))).map { nats / log(2) / Double($0.count) }
    }
    tokensPerSecond = Double(scores.count) / max(seconds, 1e-9)
    if perToken {
      self.perToken = scores.map { scored in
        Token(scored, text: tokenizer?.bytes(of: scored.token).map { String(decoding: $0, as: UTF8.self) })
      }
    }
  }

  var text: String {
    var lines = (perToken ?? []).map {
      "\($0.logprob)\t\($0.token)\t\($0.text.map { "\($0.debugDescription)" } ?? "")\n"
    }
    lines.append("tokens                   \(tokens)\n")
    lines.append("negative log-likelihood  \(negativeLogLikelihood) nats\n")
    lines.append("perplexity               \(perplexity.map { "\($0)" } ?? "beyond any number")\n")
    if let bitsPerByte { lines.append("bits per byte            \(bitsPerByte)\n") }
    return lines.joined()
  }
}
