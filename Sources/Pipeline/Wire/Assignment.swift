public import MicroBatching

/// Which blocks the worker is to hold from now on, and, apart from that, which stage it is to be.
///
/// A worker keeps blocks that it has and is to hold, and drops the others. One without a stage is a spare.
public struct Assignment: Hashable, Sendable {
  /// The blocks to hold; none of a worker that is to hold nothing.
  public var layers: LayerRange
  /// Whether the worker's own files are the coordinator's, so that nothing need be compared.
  public var sharesFiles: Bool
  /// The tensors of these blocks, in the order they are used.
  public var tensors: [TensorDescription]
  public var stage: StageAssignment?

  public init(layers: LayerRange, sharesFiles: Bool, tensors: [TensorDescription], stage: StageAssignment?) {
    (self.layers, self.sharesFiles, self.tensors, self.stage) = (layers, sharesFiles, tensors, stage)
  }

  /// To hold nothing, and to be no stage.
  public static let nothing = Assignment(layers: 0..<0, sharesFiles: true, tensors: [], stage: nil)
}

/// A place in the pipe: which stage, between which links.
public struct StageAssignment: Hashable, Sendable {
  public var index: Int
  public var count: Int
  public var slotCount: Int
  /// Most rows of a micro-batch.
  public var rowLimit: Int
  /// Micro-batches that may be on their way to this worker at once.
  public var credits: Int
  /// Where the next stage, or the coordinator behind the last, receives activations.
  public var next: String
  /// Of the links on which activations come and go.
  public var incoming: LinkTerms
  public var outgoing: LinkTerms
  /// How long either may be silent, in nanoseconds.
  public var patience: UInt64

  public init(
    index: Int, count: Int, slotCount: Int, rowLimit: Int, credits: Int, next: String, incoming: LinkTerms,
    outgoing: LinkTerms, patience: UInt64
  ) {
    (self.index, self.count, self.slotCount, self.rowLimit) = (index, count, slotCount, rowLimit)
    (self.credits, self.next, self.incoming, self.outgoing) = (credits, next, incoming, outgoing)
    self.patience = patience
  }
}

extension Assignment: MessageBody {
  static var kind: Message.Kind { .assignment }

  init(_ reader: inout WireReader) throws(WireError) {
    let first = try reader.word("layers.lowerBound", in: WireLimits.layers)
    layers = first..<(try reader.word("layers.upperBound", in: first...WireLimits.layers.upperBound))
    sharesFiles = try reader.flag("sharesFiles")
    let hasFingerprints = !sharesFiles
    tensors = try reader.array(
      "tensors", in: WireLimits.tensors, size: TensorDescription.byteCount(hasFingerprint: hasFingerprints)
    ) { (reader) throws(WireError) in
      try TensorDescription(&reader, hasFingerprint: hasFingerprints)
    }
    stage = try reader.flag("stage") ? try StageAssignment(&reader) : nil
  }

  func write(to writer: inout WireWriter) {
    writer.word(layers.lowerBound, in: WireLimits.layers)
    writer.word(layers.upperBound, in: WireLimits.layers)
    writer.flag(sharesFiles)
    writer.array(tensors, in: WireLimits.tensors) { $1.write(to: &$0, hasFingerprint: !sharesFiles) }
    writer.flag(stage != nil)
    stage?.write(to: &writer)
  }
}

extension StageAssignment {
  init(_ reader: inout WireReader) throws(WireError) {
    count = try reader.word("stage.count", in: WireLimits.stages)
    index = try reader.word("stage.index", in: 0...(count - 1))
    slotCount = try reader.word("slotCount", in: WireLimits.slots)
    rowLimit = try reader.word("rowLimit", in: WireLimits.rows)
    credits = try reader.word("credits", in: WireLimits.credits)
    next = try reader.text("next", in: WireLimits.address)
    incoming = try LinkTerms("incoming", &reader)
    outgoing = try LinkTerms("outgoing", &reader)
    patience = try reader.nanoseconds("patience")
  }

  func write(to writer: inout WireWriter) {
    writer.word(count, in: WireLimits.stages)
    writer.word(index, in: 0...(count - 1))
    writer.word(slotCount, in: WireLimits.slots)
    writer.word(rowLimit, in: WireLimits.rows)
    writer.word(credits, in: WireLimits.credits)
    writer.name(next, in: WireLimits.address)
    incoming.write(to: &writer)
    outgoing.write(to: &writer)
    writer.nanoseconds(patience)
  }
}
