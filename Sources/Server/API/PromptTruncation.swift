/// How much of a prompt is read, as `truncate_prompt_tokens` and `truncation_side` say.
struct PromptTruncation {
  enum Side: String { case left, right }

  /// Nil reads as much as fits.
  var count: Int?
  /// Where tokens are left out.
  var side: Side

  /// - Parameter side: where tokens are left out unless the request says it.
  /// - Returns: nil when the request asks for none.
  static func of(_ fields: RequestFields, side: Side) throws(APIError) -> PromptTruncation? {
    var side = side
    if let text = try fields.string("truncation_side") {
      guard let given = Side(rawValue: text) else {
        throw .invalid("truncation_side", "truncation_side is left or right, not \(text.prefix(40))")
      }
      side = given
    }
    guard let count = try fields.integer("truncate_prompt_tokens", in: -1...1_000_000) else { return nil }
    guard count != 0 else {
      throw .invalid("truncate_prompt_tokens", "truncate_prompt_tokens is 0; give 1 or more, or -1 for as many as fit")
    }
    return PromptTruncation(count: count < 0 ? nil : count, side: side)
  }

  /// - Parameter room: the most that fit.
  /// - Throws: ``APIError`` when more are to be read than fit.
  func apply(to tokens: [Int], room: Int) throws(APIError) -> [Int] {
    let count = count ?? room
    guard count <= room else {
      throw .invalid("truncate_prompt_tokens", "truncate_prompt_tokens is \(count), and there is room for \(room)")
    }
    guard tokens.count > count else { return tokens }
    return Array(side == .left ? tokens.suffix(count) : tokens.prefix(count))
  }
}
