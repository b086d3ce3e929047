internal import GPT2

/// What rows that came back are for.
enum Output: Hashable, Sendable {
  /// They are in the caches now, which is all they were for.
  case nothing
  /// The logits of the one row decide the request's next token.
  case nextToken
  /// Each row's logits say how likely its target is, its rank if that is asked for, and which `top` tokens are likeliest.
  case scores(targets: ArraySlice<Int>, top: Int, ranks: Bool)
  /// The rows themselves are asked for, and their logits if so.
  case hidden(withLogits: Bool)
  /// They came back, which is all that was asked; see ``Reading/isProbe``.
  case probe

  /// Whether the head makes something of them.
  var needsHead: Bool {
    switch self {
    case .nothing, .probe: false
    case .nextToken, .scores, .hidden: true
    }
  }
}
