internal import Pipeline

extension [BlockTime] {
  /// Seconds for so many rows, on straight lines between the points and beyond the last; nil without points.
  func seconds(rows: Int) -> Double? {
    guard let last else { return nil }
    guard let upper = firstIndex(where: { $0.rows >= rows }) else {
      return last.seconds * Double(rows) / Double(last.rows)
    }
    guard upper > 0, self[upper].rows > rows else { return self[upper].seconds }
    let (low, high) = (self[upper - 1], self[upper])
    return low.seconds + (high.seconds - low.seconds) * Double(rows - low.rows) / Double(high.rows - low.rows)
  }
}
