import Dispatch

/// A value that is being made on another thread.
struct Pending<Value> {
  private let box = Box()

  private final class Box: @unchecked Sendable {
    // Unchecked: written once, before the semaphore is raised, and read after.
    var result: Result<Value, any Error>?
    let isReady = DispatchSemaphore(value: 0)
  }

  init(_ make: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global(qos: .userInitiated).async { [box] in
      box.result = Result(catching: make)
      box.isReady.signal()
    }
  }

  /// Waits for the value, or for the error that came instead. To be called once.
  func get() throws -> Value {
    box.isReady.wait()
    return try box.result!.get()
  }
}
