import Dispatch
import LibC
import Synchronization

/// SIGTERM and SIGINT: the first asks for an end, the second is the end.
final class EndSignals {
  private let sources: [any DispatchSourceSignal]

  private final class Count: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
      value.withLock { value in
        value += 1
        return value
      }
    }
  }

  init(_ end: @escaping @Sendable () -> Void) {
    let count = Count()
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if count.next() == 1 { return end() }
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      return source
    }
  }

  func cancel() { for source in sources { source.cancel() } }
}
