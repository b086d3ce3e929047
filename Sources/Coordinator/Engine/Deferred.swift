internal import Dispatch

/// A value that is being made on another thread.
final class Deferred<Value>: @unchecked Sendable {
  // Unchecked: written once, before the group is left, and read after.
  private var result: Result<Value, any Error>?
  private let group = DispatchGroup()

  /// Starts to make it; `whenDone` is called on that thread afterwards.
  init(whenDone: @escaping @Sendable () -> Void = {}, _ make: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global(qos: .userInitiated).async(group: group) { [self] in
      result = Result(catching: make)
      whenDone()
    }
  }

  /// Waits for the value, or for the error that came instead.
  func get() throws -> Value {
    group.wait()
    return try result!.get()
  }
}
