internal import LibC
internal import Platform

/// Waiting for several things at once.
public enum Poll {
  /// Blocks until at least one of `items` is ready, or until `timeout` (nil: never) has passed, and says which are. What
  /// becomes ready while it returns may be left out; the next call says it.
  ///
  /// Signals do not end it. It counts in milliseconds and rounds up; `.zero` does not block.
  ///
  /// - Throws: ``ZeroMQError/terminated`` when the context of a socket among them is shut down.
  public static func wait(_ items: [PollItem], timeout: Duration?) throws(ZeroMQError) -> [Bool] {
    let end = timeout.map { Instant.now + $0 }
    var entries = items.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    // A socket's descriptor tells of news, once, and not of messages that wait: so all are asked first. Afterwards only those
    // with news are, unlike in zmq_poll, where a message that ended the wait stands behind every question.
    var ready: [Bool] = []
    for item in items { ready.append(try item.socket?.hasMessage() ?? false) }
    while true {
      let left = ready.contains(true) ? .zero : end.map { max(.zero, $0 - .now) }
      let count = poll(&entries, nfds_t(entries.count), left?.wholeMilliseconds ?? -1)
      guard count >= 0 else {
        if errno == EINTR { continue }
        throw ZeroMQError(call: "wait for messages", code: errno)
      }
      for (index, item) in items.enumerated() where entries[index].revents != 0 {
        ready[index] = try item.socket?.hasMessage() ?? true
      }
      if left == .zero || ready.contains(true) { return ready }
    }
  }
}

extension Poll {
  /// Blocks until one of the descriptors can be read, or `timeout` has passed; signals may end it sooner.
  static func wait(descriptors: [Int32], timeout: Duration) {
    var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    _ = poll(&entries, nfds_t(entries.count), timeout.wholeMilliseconds)
  }
}
