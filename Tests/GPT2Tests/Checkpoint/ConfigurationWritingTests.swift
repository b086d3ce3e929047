import TestSupport
import Testing

@testable import GPT2

@Suite("config.json, written")
struct ConfigurationWritingTests {
  private static let examples: [Configuration] = [
    Configuration(layerCount: 12, headCount: 12, width: 768, positionCount: 1024, vocabularySize: 50257),
    Configuration(
      layerCount: 1, headCount: 1, width: 1, positionCount: 1, innerWidth: 1, vocabularySize: 1,
      endOfTextTokens: [0]),
    Configuration(
      layerCount: 3, headCount: 5, width: 35, positionCount: 17, innerWidth: 41, vocabularySize: 211,
      layerNormEpsilon: 1, activation: .relu, scalesAttention: false, scalesAttentionByInverseLayer: true,
      tiesHead: false, endOfTextTokens: [210, 0, 7], beginningOfTextToken: 8),
    Configuration(
      layerCount: 2, headCount: 1, width: 4, positionCount: 5, vocabularySize: 7,
      layerNormEpsilon: .leastNonzeroMagnitude, activation: .gelu),
  ]

  @Test("reads back as what it was written from", arguments: examples)
  func roundTrip(configuration: Configuration) throws {
    #expect(try Configuration(json: configuration.json, file: "written") == configuration)
  }

  @Test("keeps every bit of the layer norms' epsilon")
  func epsilon() throws {
    var configuration = Self.examples[0]
    var inputs = SeededNumbers(17)
    for _ in 0..<500 {
      configuration.layerNormEpsilon = Float(bitPattern: UInt32(inputs.number(1...0x3F80_0000)))
      let read = try Configuration(json: configuration.json, file: "written")
      #expect(read.layerNormEpsilon.bitPattern == configuration.layerNormEpsilon.bitPattern)
    }
  }

  @Test("is identified by a fingerprint that no other configuration has")
  func fingerprint() {
    let fingerprints = Self.examples.map(\.fingerprint)
    #expect(Set(fingerprints).count == Self.examples.count)
    #expect(fingerprints == Self.examples.map(\.fingerprint))
    var configuration = Self.examples[2]
    configuration.scalesAttention.toggle()
    #expect(configuration.fingerprint != fingerprints[2])
    // Where texts end is no part of what blocks compute.
    configuration = Self.examples[2]
    configuration.endOfTextTokens = [210, 7, 0]
    #expect(configuration.fingerprint == fingerprints[2])
  }
}
