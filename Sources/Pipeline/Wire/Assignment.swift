public import MicroBatching

/// What the worker is to serve in this epoch; nothing, when there are no layers.
public struct Assignment: Hashable, Sendable {
  public var stage: Int
  public var stageCount: Int
  public var layers: LayerRange
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
  /// Whether the worker's own files are the coordinator's, so that nothing need be compared.
  public var sharesFiles: Bool
  /// The slice's tensors, in the order they are used.
  public var tensors: [TensorDescription]

  public init(
    stage: Int, stageCount: Int, layers: LayerRange, slotCount: Int, rowLimit: Int, credits: Int, next: String,
    incoming: LinkTerms, outgoing: LinkTerms, patience: UInt64, sharesFiles: Bool, tensors: [TensorDescription]
  ) {
    self.stage = stage
    self.stageCount = stageCount
    self.layers = layers
    self.slotCount = slotCount
    self.rowLimit = rowLimit
    self.credits = credits
    self.next = next
    (self.incoming, self.outgoing, self.patience) = (incoming, outgoing, patience)
    self.sharesFiles = sharesFiles
    self.tensors = tensors
  }
}

extension Assignment: MessageBody {
  static var kind: Message.Kind { .assignment }

  init(_ reader: inout WireReader) throws(WireError) {
    stageCount = try reader.word("stageCount", in: WireLimits.stages)
    stage = try reader.word("stage", in: 0...(stageCount - 1))
    let first = try reader.word("layers.lowerBound", in: WireLimits.layers)
    layers = first..<(try reader.word("layers.upperBound", in: first...WireLimits.layers.upperBound))
    slotCount = try reader.word("slotCount", in: WireLimits.slots)
    rowLimit = try reader.word("rowLimit", in: WireLimits.rows)
    credits = try reader.word("credits", in: WireLimits.credits)
    next = try reader.text("next", in: WireLimits.address)
    incoming = try LinkTerms("incoming", &reader)
    outgoing = try LinkTerms("outgoing", &reader)
    patience = try reader.nanoseconds("patience")
    sharesFiles = try reader.flag("sharesFiles")
    let hasFingerprints = !sharesFiles
    tensors = try reader.array(
      "tensors", in: WireLimits.tensors, size: TensorDescription.byteCount(hasFingerprint: hasFingerprints)
    ) { (reader) throws(WireError) in
      try TensorDescription(&reader, hasFingerprint: hasFingerprints)
    }
  }

  func write(to writer: inout WireWriter) {
    writer.word(stageCount, in: WireLimits.stages)
    writer.word(stage, in: 0...(stageCount - 1))
    writer.word(layers.lowerBound, in: WireLimits.layers)
    writer.word(layers.upperBound, in: WireLimits.layers)
    writer.word(slotCount, in: WireLimits.slots)
    writer.word(rowLimit, in: WireLimits.rows)
    writer.word(credits, in: WireLimits.credits)
    writer.name(next, in: WireLimits.address)
    incoming.write(to: &writer)
    outgoing.write(to: &writer)
    writer.nanoseconds(patience)
    writer.flag(sharesFiles)
    writer.array(tensors, in: WireLimits.tensors) { $1.write(to: &$0, hasFingerprint: !sharesFiles) }
  }
}
