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
