/// The mean of hidden states over all tokens of a text, summed in double precision in the order of the tokens.
public struct MeanPool: Sendable {
  private var sums: [Double]
  private var rowCount = 0

  public init(width: Int) { sums = Array(repeating: 0, count: width) }

  /// Takes in the next states of the text.
  public mutating func add(_ states: HiddenStates) {
    for row in 0..<states.rowCount {
      for column in sums.indices { sums[column] += Double(states.values[row * states.width + column]) }
    }
    rowCount += states.rowCount
  }

  /// `[width]`; of no tokens there is none.
  public var value: [Float] { sums.map { Float($0 / Double(rowCount)) } }
}
