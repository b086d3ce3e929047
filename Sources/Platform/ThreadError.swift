internal import LibC

/// The system's refusal of a thread.
public struct ThreadError: Error, CustomStringConvertible {
  let code: Int32

  public var description: String { "cannot start a thread: \(systemMessage(code))" }
}
