internal import LibC

/// How other threads wake one that waits in ``Poll/wait(_:timeout:)``.
///
/// Calls of ``wake()`` do not add up: however many came, one ``clear()`` takes them all. So clear first, then look for work.
public final class Wakeup: Sendable {
  let readEnd: Int32
  private let writeEnd: Int32

  /// - Throws: ``ZeroMQError/system(call:code:)`` when descriptors are short.
  public init() throws(ZeroMQError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ZeroMQError(call: "open a pipe", code: errno) }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  /// Wakes the thread that waits, or lets its next wait return at once; from any thread, never blocks.
  public func wake() {
    var byte: UInt8 = 0
    // A full pipe wakes as well as one more byte would.
    while write(writeEnd, &byte, 1) == -1, errno == EINTR {}
  }

  /// Whether somebody woke it since it was cleared; never blocks.
  var isAwake: Bool {
    var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) == 1
  }

  /// Takes back all that was woken so far; never blocks.
  public func clear() {
    var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    while true {
      let count = read(readEnd, &bytes, 32)
      if count < 32, count != -1 || errno != EINTR { return }
    }
  }
}
