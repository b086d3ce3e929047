extension [Double] {
  /// The middle value; 0 of none.
  package var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }

  /// The middle half's width beside the median: what a few odd values do not change.
  package var spread: Double {
    let sorted = sorted()
    guard count > 1, median > 0 else { return 0 }
    let cut = count / 4
    return (sorted[count - 1 - cut] - sorted[cut]) / median
  }
}
