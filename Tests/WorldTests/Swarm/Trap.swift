import LibC

/// Says which seeds were under way when the code under test traps, which ends the process.
enum Trap {
  /// What it says, before their numbers.
  static let message: StaticString = "trapped, with these seeds under way:"

  private static let threadLimit = 64
  /// What each thread runs; −1 of none. Read by a signal handler, so it is plain memory.
  nonisolated(unsafe) private static let seeds: UnsafeMutablePointer<Int> = {
    let seeds = UnsafeMutablePointer<Int>.allocate(capacity: threadLimit)
    seeds.initialize(repeating: -1, count: threadLimit)
    return seeds
  }()
  nonisolated(unsafe) private static var ends = false
  nonisolated(unsafe) private static let line = UnsafeMutablePointer<UInt8>.allocate(capacity: 2048)

  /// - Parameter isMeant: whether the process ends well, since somebody reads what is said.
  static func watch(isMeant: Bool = false) {
    // Swift's own handler tells more, if it is asked to.
    if getenv("SWIFT_BACKTRACE").map({ String(cString: $0).contains("enable=yes") }) == true { return }
    _ = (seeds, line)
    ends = isMeant
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
      signal(number) { number in
        Trap.tell()
        if Trap.ends { _exit(0) }
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// A thread begins with a seed; −1 where it has none.
  static func seed(_ seed: Int, of thread: Int) {
    if thread < threadLimit { seeds[thread] = seed }
  }

  /// Writes a line to standard error, at once.
  static func say(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = write(2, bytes, bytes.count)
  }

  /// Only what may be done in a signal handler: no memory is taken.
  private static func tell() {
    guard (0..<threadLimit).contains(where: { seeds[$0] >= 0 }) else { return }
    var count = 0
    for byte in message.withUTF8Buffer({ $0 }) {
      line[count] = byte
      count += 1
    }
    for thread in 0..<threadLimit where seeds[thread] >= 0 {
      line[count] = UInt8(ascii: " ")
      count += 1
      var (digits, rest) = (1, seeds[thread])
      while rest >= 10 { (digits, rest) = (digits + 1, rest / 10) }
      rest = seeds[thread]
      for place in (0..<digits).reversed() {
        line[count + place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      }
      count += digits
    }
    line[count] = UInt8(ascii: "\n")
    _ = write(2, line, count + 1)
  }
}
