internal import Platform
internal import Synchronization

/// Runs `body` on a new thread and waits for it: a test's own thread is any of the pool's, and must stay as it was.
public func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
  let result = Mutex<Value?>(nil)
  guard let thread = try? JoinableThread({ result.withLock { $0 = body() } }) else { fatalError("no thread to be had") }
  thread.join()
  return result.withLock { $0! }
}
