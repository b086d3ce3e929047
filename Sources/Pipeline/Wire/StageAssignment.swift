internal import MicroBatching

/// A place in the pipe: which stage, between which links.
public struct StageAssignment: Hashable, Sendable {
  public var index: Int
  public var count: Int
  public var slotCount: Int
  /// Most rows of a micro-batch.
  public var rowLimit: Int
  /// Micro-batches that may be on their way to this worker at once.
  public var credits: Int
  /// Slots, from 0 on, of which it keeps what it hands on, so that the cache of the next stage can be filled anew.
  public var keptSlots: Int
  /// Where the next stage, or the coordinator behind the last, receives activations.
  public var next: String
  /// Of the links on which activations come and go.
  public var incoming: LinkTerms
  public var outgoing: LinkTerms
  /// How long either may be silent, in nanoseconds.
  public var patience: UInt64

  public init(
    index: Int, count: Int, slotCount: Int, rowLimit: Int, credits: Int, keptSlots: Int = 0, next: String,
    incoming: LinkTerms,
    outgoing: LinkTerms, patience: UInt64
  ) {
    (self.index, self.count, self.slotCount, self.rowLimit) = (index, count, slotCount, rowLimit)
    (self.credits, self.keptSlots) = (credits, keptSlots)
    (self.next, self.incoming, self.outgoing) = (next, incoming, outgoing)
    self.patience = patience
  }
}

extension StageAssignment {
  init(_ reader: inout WireReader) throws(WireError) {
    count = try reader.word("stage.count", in: WireLimits.stages)
    index = try reader.word("stage.index", in: 0...(count - 1))
    slotCount = try reader.word("slotCount", in: WireLimits.slots)
    rowLimit = try reader.word("rowLimit", in: WireLimits.rows)
    credits = try reader.word("credits", in: WireLimits.credits)
    keptSlots = try reader.word("keptSlots", in: 0...slotCount)
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
    writer.word(keptSlots, in: 0...slotCount)
    writer.name(next, in: WireLimits.address)
    incoming.write(to: &writer)
    outgoing.write(to: &writer)
    writer.nanoseconds(patience)
  }
}
