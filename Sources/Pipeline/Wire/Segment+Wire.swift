internal import MicroBatching

extension Segment {
  static let byteCount = 12

  init(_ reader: inout WireReader) throws(WireError) {
    self.init(
      slot: try reader.word("segment.slot", in: WireLimits.slotIndices),
      start: try reader.word("segment.start", in: WireLimits.positions),
      count: try reader.word("segment.count", in: WireLimits.rows))
  }

  func write(to writer: inout WireWriter) {
    writer.word(slot, in: WireLimits.slotIndices)
    writer.word(start, in: WireLimits.positions)
    writer.word(count, in: WireLimits.rows)
  }
}
