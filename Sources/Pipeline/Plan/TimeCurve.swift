/// Seconds for any number of rows, from measurements of some.
public struct TimeCurve: Hashable, Sendable {
  /// Ascending in rows, and not descending in seconds; at least one.
  private let points: [BlockTime]

  /// What of the measurements can be used; nil when none can.
  ///
  /// A number of rows that took longer than a greater one was disturbed, and counts as the greater.
  public init?(_ measured: [BlockTime]) {
    var points: [BlockTime] = []
    let usable = measured.filter { $0.rows >= 1 && $0.seconds >= 0 && $0.seconds.isFinite }
    for point in usable.sorted(by: { ($0.rows, $0.seconds) > ($1.rows, $1.seconds) }) {
      if point.rows == points.last?.rows { points.removeLast() }
      points.append(BlockTime(rows: point.rows, seconds: min(point.seconds, points.last?.seconds ?? .infinity)))
    }
    guard !points.isEmpty else { return nil }
    self.points = points.reversed()
  }

  /// Straight lines between the points; below the first its time, beyond the last the last line goes on.
  public func seconds(rows: Int) -> Double {
    guard rows > 0 else { return 0 }
    guard let above = points.firstIndex(where: { $0.rows >= rows }) else {
      let last = points[points.count - 1]
      guard points.count > 1 else { return last.seconds * Double(rows) / Double(last.rows) }
      return Self.line(points[points.count - 2], last, rows)
    }
    return above == 0 ? points[0].seconds : Self.line(points[above - 1], points[above], rows)
  }

  /// The greatest number of rows measured.
  public var lastRows: Int { points[points.count - 1].rows }

  /// The longest that was measured, in seconds.
  public var longest: Double { points[points.count - 1].seconds }

  private static func line(_ a: BlockTime, _ b: BlockTime, _ rows: Int) -> Double {
    a.seconds + (b.seconds - a.seconds) * Double(rows - a.rows) / Double(b.rows - a.rows)
  }

  /// The same machine, so many times as fast.
  public func scaled(speed: Double) -> TimeCurve {
    TimeCurve(points.map { BlockTime(rows: $0.rows, seconds: $0.seconds / speed) }) ?? self
  }
}
