internal import JSON

extension CheckpointError {
  /// What is wrong with `config.json`; `field` is always the name in the file.
  public enum ConfigurationProblem: Error, Hashable, Sendable {
    /// The file holds something other than one object.
    case notAnObject(found: String)
    /// The field holds a value of another kind than `expected`, or out of its range.
    case invalidField(String, found: String, expected: String)
    /// Two names of the same thing with different values.
    case contradiction(String, String)
    case notDivisible(width: Int, headCount: Int)
    case unsupportedModel(String)
    case unsupportedActivation(String)
    /// A variant of GPT-2 that this program does not compute.
    case unsupportedFeature(field: String)
  }
}

extension CheckpointError.ConfigurationProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAnObject(let found): "holds \(found), expected one object with the model's configuration"
    case .invalidField(let field, let found, let expected):
      "\(field) is \(found), expected \(expected); correct it to what the model was trained with"
    case .contradiction(let one, let other):
      "\(one) and \(other) mean the same but differ; remove the one that is wrong"
    case .notDivisible(let width, let headCount):
      "n_embd \(width) is not a multiple of n_head \(headCount); correct them to what the model was trained with"
    case .unsupportedModel(let type): "model_type is \(type.quoted), expected \"gpt2\"; this program runs only GPT-2"
    case .unsupportedActivation(let name):
      "activation_function is \(name.quoted), expected one of "
        + Configuration.Activation.allCases.map(\.rawValue).joined(separator: ", ")
    case .unsupportedFeature(let field): "\(field) is true, expected false; this program does not compute that variant"
    }
  }
}
