public import Testing

@testable public import GPT2

extension Kernels: CustomTestStringConvertible {
  public var testDescription: String { name }

  /// The form that runs everywhere, against which the others are held.
  static var portable: Kernels { get throws { try Kernels(named: "portable") } }
}
