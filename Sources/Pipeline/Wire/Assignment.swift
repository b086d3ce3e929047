public import MicroBatching

/// Which blocks the worker is to hold from now on, and, apart from that, which stage it is to be.
///
/// A worker keeps blocks that it has and is to hold, and drops the others. One without a stage is a spare.
public struct Assignment: Hashable, Sendable {
  /// The blocks to hold; none of a worker that is to hold nothing.
  public var layers: LayerRange
  /// How their matrices are to be held in memory, by name, as the welcome said; empty of no blocks.
  public var weights: String
  /// Whether the worker's own files are the coordinator's, so that nothing need be compared.
  public var sharesFiles: Bool
  /// The tensors of these blocks, in the order they are used.
  public var tensors: [TensorDescription]
  public var stage: StageAssignment?
  /// Whether what its stage has cached and kept stays, since the next plan goes on with it.
  public var keepsCache: Bool

  public init(
    layers: LayerRange, weights: String = "", sharesFiles: Bool, tensors: [TensorDescription], stage: StageAssignment?,
    keepsCache: Bool = false
  ) {
    (self.layers, self.weights) = (layers, weights)
    (self.sharesFiles, self.tensors, self.stage) = (sharesFiles, tensors, stage)
    self.keepsCache = keepsCache
  }

  /// The tensors of one of its blocks, which all have as many.
  public func tensors(of layer: Int) -> ArraySlice<TensorDescription> {
    let count = layers.isEmpty ? 0 : tensors.count / layers.count
    let first = (layer - layers.lowerBound) * count
    return tensors[first..<(first + count)]
  }

  /// To hold nothing, and to be no stage.
  public static let nothing = Assignment(layers: 0..<0, sharesFiles: true, tensors: [], stage: nil)
}

extension Assignment: MessageBody {
  static var kind: Message.Kind { .assignment }

  init(_ reader: inout WireReader) throws(WireError) {
    let first = try reader.word("layers.lowerBound", in: WireLimits.layers)
    layers = first..<(try reader.word("layers.upperBound", in: first...WireLimits.layers.upperBound))
    weights = try reader.text("weights", in: WireLimits.weights)
    sharesFiles = try reader.flag("sharesFiles")
    let hasFingerprints = !sharesFiles
    tensors = try reader.array(
      "tensors", in: WireLimits.tensors, size: TensorDescription.byteCount(hasFingerprint: hasFingerprints)
    ) { (reader) throws(WireError) in
      try TensorDescription(&reader, hasFingerprint: hasFingerprints)
    }
    keepsCache = try reader.flag("keepsCache")
    stage = try reader.flag("stage") ? try StageAssignment(&reader) : nil
  }

  func write(to writer: inout WireWriter) {
    writer.word(layers.lowerBound, in: WireLimits.layers)
    writer.word(layers.upperBound, in: WireLimits.layers)
    writer.sentence(weights, in: WireLimits.weights)
    writer.flag(sharesFiles)
    writer.array(tensors, in: WireLimits.tensors) { $1.write(to: &$0, hasFingerprint: !sharesFiles) }
    writer.flag(keepsCache)
    writer.flag(stage != nil)
    stage?.write(to: &writer)
  }
}
