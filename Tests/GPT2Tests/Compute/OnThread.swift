import Foundation
import Synchronization

/// Runs `body` on a new thread and waits for it: a test's own thread is any of the pool's, and must stay as it was.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
  let result = Mutex<Value?>(nil)
  let isDone = DispatchSemaphore(value: 0)
  let thread = Thread {
    result.withLock { $0 = body() }
    isDone.signal()
  }
  thread.start()
  isDone.wait()
  return result.withLock { $0! }
}
