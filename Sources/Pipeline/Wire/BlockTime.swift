/// Time that one block takes for a micro-batch of so many rows.
public struct BlockTime: Hashable, Sendable {
  public var rows: Int
  public var seconds: Double

  public init(rows: Int, seconds: Double) {
    self.rows = rows
    self.seconds = seconds
  }
}

extension BlockTime {
  static let byteCount = 12

  init(_ reader: inout WireReader) throws(WireError) {
    rows = try reader.word("rows", in: WireLimits.rows)
    seconds = try reader.number("seconds")
  }

  func write(to writer: inout WireWriter) {
    writer.word(rows, in: WireLimits.rows)
    writer.number(seconds)
  }
}
