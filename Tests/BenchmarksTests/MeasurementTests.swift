import Pipeline
import Testing

@testable import Benchmarks

@Suite("What is measured") struct MeasurementTests {
  @Test("is believed when two rounds agree and all cores are quicker than one, and said to be rough otherwise")
  func steadiness() {
    let calm = Steadiness([1: [1.0, 1.05, 3], 2: [0.6, 0.61]], cores: 2)
    #expect(calm.isSteady && calm.warning == nil && calm.rounds == 3)
    let noisy = Steadiness([1: [1.0, 1.4], 2: [0.6, 0.61]], cores: 2)
    #expect(!noisy.isSteady && abs(noisy.spread - 0.4) < 1e-9)
    #expect(noisy.warning?.contains("the best two of 2 rounds differ by 40 %") == true)
    let slow = Steadiness([1: [1.0, 1.0], 2: [5.0, 5.1]], cores: 2)
    #expect(!slow.isSteady && slow.warning?.contains("all cores together were slower than one of them alone") == true)
    #expect(slow.warning?.contains("differ") == false)
    #expect(!Steadiness([1: [1.0], 2: [0.5]], cores: 2).isSteady)
    #expect(Steadiness([1: [1.0, 1.0]], cores: 1).isSteady)
  }

  @Test("is spread by as much as the middle half of the rounds, which one odd round does not change")
  func spread() {
    #expect([1.0, 1.0, 1.0, 1.0, 9.0].spread == 0)
    let even: [Double] = [1.0, 1.1, 1.2, 1.3, 1.4]
    let difference = abs(even.spread - 0.2 / 1.2)
    #expect(difference < 1e-9)
    let (one, none): ([Double], [Double]) = ([1.0], [])
    #expect(one.spread == 0)
    #expect(none.spread == 0)
  }

  private static func forecast(_ gains: [Double], workers: Int) -> ClusterForecast {
    let lines = zip(gains, ["long prompts", "one text at a time", "32 texts at once"]).map { gain, plain in
      ClusterForecast.Line(
        name: plain, tokensPerSecond: gain, oneThreadTokensPerSecond: 1, oneMachineTokensPerSecond: 1, idleShare: 0,
        gpipeIdleShare: 0, coordinatorBusy: 0, linkBusy: 0, gain: gain, limit: nil, plain: plain)
    }
    let worker = ClusterForecast.Worker(name: "w", firstBlock: 0, lastBlock: 0, weightBytes: 0, cacheBytes: 0)
    return ClusterForecast(
      workers: Array(repeating: worker, count: workers), spares: [], spareLines: [], coordinatorBytes: 0,
      weights: "f32", weightTypes: [], typeScope: "", positionBudget: nil, threads: 1, cores: 2, isOneHost: false,
      inFlight: 1, measurement: Steadiness([1: [1, 1]], cores: 1), prefill: lines[0], decode: Array(lines[1...]))
  }

  @Test(
    "is answered by plan in one sentence",
    arguments: [
      (
        [1.84, 0.7, 1.5], 2,
        "Two workers give 1.8 times the tokens a second of one machine for long prompts and 1.5 times for 32 texts at once; one machine is faster for one text at a time."
      ),
      (
        [2, 2, 2.04], 13,
        "13 workers give 2.0 times the tokens a second of one machine for long prompts, 2.0 times for one text at a time and 2.0 times for 32 texts at once."
      ),
      ([0.5, 0.5, 0.5], 1, "One machine is faster for long prompts, one text at a time and 32 texts at once."),
      (
        [1, 0.5, 1.01], 3,
        "Three workers are about as fast as one machine for long prompts and 32 texts at once; one machine is faster for one text at a time."
      ),
      (
        [1.2, 0.98, 0.98], 2,
        "Two workers give 1.2 times the tokens a second of one machine for long prompts; they are about as fast as one machine for one text at a time and 32 texts at once."
      ),
    ])
  func answer(gains: [Double], workers: Int, sentence: String) {
    let forecast = Self.forecast(gains, workers: workers)
    #expect(forecast.answer == sentence)
    #expect(forecast.text(of: "a model", width: 60).hasSuffix("\n\(sentence)\n"))
  }
}
