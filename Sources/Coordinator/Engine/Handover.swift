internal import Dispatch

/// One value from one thread to another.
final class Handover<Value>: @unchecked Sendable {
  // Unchecked: written once, before the semaphore is raised, and read after.
  private var value: Value?
  private let isThere = DispatchSemaphore(value: 0)

  func give(_ value: Value) {
    self.value = value
    isThere.signal()
  }

  /// Waits for the value. To be called once.
  func take() -> Value {
    isThere.wait()
    return value!
  }
}
