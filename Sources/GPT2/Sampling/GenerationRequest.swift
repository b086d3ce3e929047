/// What is asked of a generation.
public struct GenerationRequest: Hashable, Sendable {
  /// The tokens to continue; at least one.
  public var prompt: [Int]
  public var options: SamplingOptions
  /// Most tokens to generate; nil means as many as the model's context has room for.
  public var maximumTokens: Int?
  /// Strings that end the text where they first come in what is generated. They need a tokenizer.
  public var stops: [String]
  /// Tokens that end the text; nil means those of the model's configuration, an empty list none.
  public var endOfTextTokens: [Int]?
  /// Tokens that end the text besides those. Tokens that the model does not have end nothing.
  public var stopTokens: [Int] = []
  /// Tokens that are there before the text may end otherwise than by ``maximumTokens``.
  public var minimumTokens = 0
  /// Whether what ended the text, a stop string or a token, is part of it.
  public var keepsStops = false
  /// Whether special tokens are no part of the text.
  public var hidesSpecialTokens = true

  public init(
    prompt: [Int], options: SamplingOptions = SamplingOptions(), maximumTokens: Int? = nil, stops: [String] = [],
    endOfTextTokens: [Int]? = nil
  ) {
    self.prompt = prompt
    self.options = options
    self.maximumTokens = maximumTokens
    self.stops = stops
    self.endOfTextTokens = endOfTextTokens
  }
}
