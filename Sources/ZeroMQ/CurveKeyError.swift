internal import LibC

/// What is wrong with a key file, and which; the description is one line that says what to do.
public struct CurveKeyError: Error, Hashable, Sendable {
  public var file: String
  public var problem: CurveKeyProblem
}

extension CurveKeyError: CustomStringConvertible {
  public var description: String { "\(file): \(problem)" }
}
