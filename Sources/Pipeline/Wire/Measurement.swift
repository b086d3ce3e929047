/// How fast the worker runs blocks of the model's shape.
public struct Measurement: Hashable, Sendable {
  /// In ascending order of rows.
  public var points: [BlockTime]

  public init(points: [BlockTime]) {
    self.points = points
  }
}

extension Measurement: MessageBody {
  static var kind: Message.Kind { .measurement }

  init(_ reader: inout WireReader) throws(WireError) {
    points = try reader.array("points", in: WireLimits.measurementPoints, size: BlockTime.byteCount) {
      (reader) throws(WireError) in
      try BlockTime(&reader)
    }
    guard isAscending else { throw reader.error("points", found: "other rows", expected: "ascending rows") }
  }

  func write(to writer: inout WireWriter) {
    precondition(isAscending, "points in another order than that of their rows")
    writer.array(points, in: WireLimits.measurementPoints) { $1.write(to: &$0) }
  }

  private var isAscending: Bool { zip(points, points.dropFirst()).allSatisfy { $0.rows < $1.rows } }
}
