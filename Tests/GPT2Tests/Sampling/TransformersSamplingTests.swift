import Foundation
import JSON
import Testing

@testable import GPT2

/// What Hugging Face's transformers samples from, as Tests/Scripts/make_sampling_fixture.py wrote it down.
@Suite struct TransformersSamplingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var options = SamplingOptions()
    var logits: [Float]
    var history: [Int]
    var probabilities: [Double]

    static let all: [Case] = {
      let file = Bundle.module.url(forResource: "Fixtures/sampling", withExtension: "json")!
      return try! JSONValue(parsing: Array(Data(contentsOf: file))).array!.enumerated().map {
        Case(index: $0, $1.object!)
      }
    }()

    private init(index: Int, _ json: JSONObject) {
      func numbers(_ key: String) -> [Double] { json[key]!.array!.map(Self.number) }
      logits = numbers("logits").map { Float($0) }
      history = json["history"]!.array!.map { $0.integer! }
      probabilities = numbers("probabilities")
      testDescription = "\(index):"
      for (name, value) in json["options"]!.object!.members {
        let value = Self.number(value)
        testDescription += " \(name) \(value)"
        switch SamplingOptions.Name(rawValue: name)! {
        case .temperature: options.temperature = value
        case .topK: options.topK = Int(value)
        case .topP: options.topP = value
        case .minP: options.minP = value
        case .repetitionPenalty: options.repetitionPenalty = value
        case .noRepeatNGram: options.noRepeatNGram = Int(value)
        case .frequencyPenalty, .presencePenalty, .logitBias, .topLogProbabilities:
          preconditionFailure("not in the fixture")
        }
      }
    }

    private static func number(_ value: JSONValue) -> Double {
      if case .number(let number) = value { number } else { Double(value.integer!) }
    }
  }

  @Test("The distribution is that of transformers", arguments: Case.all)
  func distribution(example: Case) throws {
    let distribution = NaiveSampler(options: example.options).distribution(example.logits, history: example.history)
    for (probability, expected) in zip(distribution, example.probabilities) {
      #expect((probability == 0) == (expected == 0))
      #expect(abs(probability - expected) < 1e-6)
    }
    // The naive twin has said what transformers says; the sampler has to draw from it.
    let sampler = try Sampler(example.options)
    for position in 0..<100 {
      let sampled = try sampler.sample(example.logits, history: example.history, position: position)
      #expect(
        sampled.token == NaiveSampler(options: example.options).draw(from: distribution, position: position))
    }
  }
}
