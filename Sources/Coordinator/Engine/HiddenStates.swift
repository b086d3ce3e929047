/// Hidden states after ln_f of consecutive tokens of a text.
public struct HiddenStates: Sendable {
  /// Index of the first token.
  public var start: Int
  public var rowCount: Int
  public var width: Int
  /// `[rowCount, width]`
  public var values: [Float]
  /// `[rowCount, V]`; empty unless they were asked for.
  public var logits: [Float] = []
}

extension HiddenStates {
  /// Index of the first token with a state that is NaN or infinite; nil when all are finite.
  public var firstNotFinite: Int? {
    values.firstIndex { !$0.isFinite }.map { start + $0 / width }
  }
}
