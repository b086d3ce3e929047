public import MicroBatching

/// A micro-batch on its way through the stages.
public struct Pass: Hashable, Sendable {
  public var microBatch: MicroBatch
  /// Values in a row of the activations, C.
  public var width: Int
  /// The one stage that computes it, so that its cache is filled anew; nil for all of them.
  ///
  /// The stage before that one hands on the rows that it kept. Everywhere else it has no rows, and goes by.
  public var refill: Int?
  /// What the stages so far did with it, first stage first.
  public var records: [StageRecord]

  public init(microBatch: MicroBatch, width: Int, refill: Int? = nil, records: [StageRecord]) {
    self.microBatch = microBatch
    self.width = width
    self.refill = refill
    self.records = records
  }
}

extension Pass {
  /// Whether its rows go over the link into a stage: all but those of a refill of another stage.
  public func hasRows(into stage: Int) -> Bool { refill == nil || refill == stage }

  /// Bytes of the second frame on the link into a stage: rows × width × 4, and none of a refill of another stage.
  ///
  /// - Parameter stage: the number of stages for the coordinator behind the last one.
  public func payloadByteCount(into stage: Int) -> Int {
    hasRows(into: stage) ? microBatch.rowCount * width * MemoryLayout<Float>.size : 0
  }

  /// Throws unless the second frame has as many bytes as the rows take; to be asked before one of them is looked at.
  public func checkPayload(byteCount: Int, into stage: Int) throws(WireError) {
    guard byteCount == payloadByteCount(into: stage) else {
      throw .wrongPayload(bytes: byteCount, rows: microBatch.rowCount, width: width)
    }
  }
}

extension Pass: MessageBody {
  static var kind: Message.Kind { .pass }

  init(_ reader: inout WireReader) throws(WireError) {
    width = try reader.word("width", in: WireLimits.width)
    let stage = try reader.signedWord("refill", in: WireLimits.openStages)
    refill = stage < 0 ? nil : stage
    let segments = try reader.array("segments", in: WireLimits.segments, size: Segment.byteCount) {
      (reader) throws(WireError) in
      try Segment(&reader)
    }
    let releasedSlots = try reader.array("releasedSlots", in: WireLimits.segments, size: 4) {
      (reader) throws(WireError) in
      try reader.word("releasedSlot", in: WireLimits.slotIndices)
    }
    records = try reader.array("records", in: WireLimits.stageRecords, size: StageRecord.byteCount) {
      (reader) throws(WireError) in
      try StageRecord(&reader)
    }
    microBatch = MicroBatch(segments, releasing: releasedSlots)
    guard microBatch.rowCount <= WireLimits.rows.upperBound else {
      throw reader.error(
        "segments", found: "\(microBatch.rowCount) rows", expected: "at most \(WireLimits.rows.upperBound)")
    }
  }

  func write(to writer: inout WireWriter) {
    precondition(microBatch.rowCount <= WireLimits.rows.upperBound, "\(microBatch.rowCount) rows are too many")
    writer.word(width, in: WireLimits.width)
    writer.signedWord(refill ?? -1, in: WireLimits.openStages)
    writer.array(microBatch.segments, in: WireLimits.segments) { $1.write(to: &$0) }
    writer.array(microBatch.releasedSlots, in: WireLimits.segments) {
      $0.word($1, in: WireLimits.slotIndices)
    }
    writer.array(records, in: WireLimits.stageRecords) { $1.write(to: &$0) }
  }
}
