#if THREAD_SANITIZER
  internal import LibC

  /// In place of `Synchronization.Mutex` under the thread sanitizer, which does not see how that one's lock changes hands when
  /// it is contended: that happens in the system's own library. It does see pthread's.
  final class Mutex<Value>: @unchecked Sendable {
    // Unchecked: whoever is at the value has the lock.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var value: Value

    init(_ value: Value) {
      self.value = value
      pthread_mutex_init(lock, nil)
    }

    deinit {
      pthread_mutex_destroy(lock)
      lock.deallocate()
    }

    func withLock<Result, Failure>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return try body(&value)
    }
  }
#endif
