import Platform
import Testing

@testable import GPT2

@Suite("Memory of weights")
struct MemoryTests {
  /// Columns are whole panels of each instruction set; the inner size of INT8 is no whole number of blocks.
  private static func configuration(_ type: WeightType) -> Configuration {
    let width = type == .int8 ? 96 : 128
    return Configuration(
      layerCount: 2, headCount: 2, width: width, positionCount: 40, innerWidth: 3 * width, vocabularySize: 4 * width)
  }

  private static func bytes(_ inner: Int, _ columns: Int, _ type: WeightType, _ kernels: Kernels) throws -> Int {
    try PackedMatrix(repeating: [0.5, -1], inner: inner, columns: columns, as: type, kernels: kernels).byteCount
  }

  @Test("is what is counted, for whole panels", arguments: WeightTypes.Choice.allCases, Kernels.available)
  func counted(choice: WeightTypes.Choice, kernels: Kernels) throws {
    var configuration = Self.configuration(choice == .int8 ? .int8 : .f32)
    configuration.weights = WeightTypes(choice)
    let (width, inner, vocabulary) = (configuration.width, configuration.innerWidth, configuration.vocabularySize)
    let type = configuration.weights.blocks
    let matrices = try [(width, 3 * width), (width, width), (width, inner), (inner, width)].reduce(0) {
      $0 + (try Self.bytes($1.0, $1.1, type, kernels))
    }
    #expect(configuration.blockMatrixBytes == matrices)
    let vectors = configuration.tensors(of: .block(0)).filter { $0.shape.count == 1 }
    #expect(configuration.blockWeightBytes == matrices + vectors.reduce(0) { $0 + 4 * $1.shape[0] })
    #expect(configuration.headBytes == (try Self.bytes(width, vocabulary, configuration.weights.head, kernels)))
    #expect(configuration.decodeWeightBytes == Double(2 * matrices + configuration.headBytes))
  }

  @Test("of a tied head is counted once where it is the embedding in memory too", arguments: [true, false])
  func head(isTied: Bool) throws {
    for choice in WeightTypes.Choice.allCases {
      // F32 where the embedding's rows are multiplied by 64 columns of it, whole panels of INT8 too.
      var configuration = Configuration(
        layerCount: 1, headCount: 1, width: 96, positionCount: 40, vocabularySize: 512, tiesHead: isTied)
      configuration.weights = WeightTypes(choice)
      let kernels = Kernels.available[0]
      let isShared = isTied && choice != .int8
      #expect(configuration.sharesHead == isShared)
      let embedding = try Self.bytes(96, 512, configuration.weights.embedding, kernels)
      let head = isShared ? 0 : try Self.bytes(96, 512, configuration.weights.head, kernels)
      #expect(configuration.edgeWeightBytes == embedding + head + 4 * (96 * 40 + 2 * 96))
    }
  }

  @Test("takes half of F32 for two bytes, and for INT8 a quarter with a scale for 64")
  func sizes() {
    #expect(WeightType.allCases.map { $0.byteCount(inner: 128, columns: 10) } == [5120, 2560, 2560, 1360])
    #expect(WeightType.int8.byteCount(inner: 129, columns: 1) == 3 * 68)
    #expect(WeightType.int8.byteCount(inner: 1, columns: 7) == 7 * 68)
  }
}
