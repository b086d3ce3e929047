internal import Dispatch

/// A value that one thread leaves, once, and others wait for or look for.
public final class OneShot<Value>: @unchecked Sendable {
  // Unchecked: written once, before the group is left, and read after.
  private var stored: Value?
  private let isThere = DispatchGroup()

  public init() { isThere.enter() }

  /// Leaves the value. To be called once.
  public func set(_ value: sending Value) {
    stored = value
    isThere.leave()
  }

  /// Blocks until the value is there.
  public func wait() -> Value {
    isThere.wait()
    return stored!
  }

  /// The value, if it is there; never blocks.
  public var value: Value? { isThere.wait(timeout: .now()) == .success ? stored : nil }
}
