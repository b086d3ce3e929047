/// One of the two data links of a process.
public enum LinkSide: Int, Hashable, Sendable, CaseIterable {
  /// On which activations come, and on which they go.
  case incoming = 1
  case outgoing = 2
}
