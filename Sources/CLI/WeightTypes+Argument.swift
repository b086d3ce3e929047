public import ArgumentParser
public import GPT2

extension WeightTypes.Choice: ExpressibleByArgument {
  /// Names that other programs have for the same types.
  private static let otherNames: [String: Self] = [
    "fp32": .f32, "float32": .f32, "float": .f32, "bfloat16": .bf16, "fp16": .f16, "float16": .f16, "half": .f16,
    "i8": .int8, "q8": .int8, "q8_0": .int8,
  ]

  public init?(argument: String) {
    let name = argument.lowercased()
    guard let choice = Self(rawValue: name) ?? Self.otherNames[name] else { return nil }
    self = choice
  }
}
