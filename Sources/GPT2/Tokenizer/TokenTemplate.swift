/// What is put before and after a text's own tokens.
struct TokenTemplate: Hashable {
  enum Item: Hashable {
    case token(Int)
    /// The token of this content.
    case named(String)
  }

  var prefix: [Item] = []
  var suffix: [Item] = []
}
