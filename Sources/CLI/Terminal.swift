import FoundationEssentials
import LibC
import Platform
import Synchronization

/// Where results, notes and progress go.
enum Terminal {
  /// How much is said besides results, errors and warnings.
  enum Verbosity: Int { case quiet, normal, stats }

  static func setVerbosity(_ value: Verbosity) { verbosity.withLock { $0 = value } }

  private static let verbosity = Mutex(Verbosity.normal)

  private static func says(_ level: Verbosity) -> Bool { verbosity.withLock { $0.rawValue >= level.rawValue } }

  /// Whether a line of progress may be drawn over and over: standard error is a person's screen, and they want to see it.
  static var showsProgress: Bool { errorsAreOnScreen && says(.normal) }

  private static let errorsAreOnScreen = isatty(STDERR_FILENO) == 1

  /// Characters in a line of the screen that standard error is; 100 where it is none.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }

  /// Whether standard output is a person's screen.
  static let outputIsScreen = isatty(STDOUT_FILENO) == 1

  /// Writes a result.
  ///
  /// - Throws: ``OutputError`` when it cannot be written, say to a full disk.
  static func write(_ text: String) throws {
    try write(Array(text.utf8))
  }

  static func write(_ bytes: [UInt8]) throws {
    try write(bytes, to: STDOUT_FILENO, name: "standard output")
  }

  /// Writes a line about what is going on, unless only results are wanted; nobody minds if it is lost.
  static func note(_ text: String) { if says(.normal) { say(text) } }

  /// Writes a line for who wants to know how the work was shared out.
  static func detail(_ text: @autoclosure () -> String) { if says(.stats) { say(text()) } }

  private static func say(_ text: String) {
    if let log = noteLog.withLock({ $0 }) { log(text, false) } else { line(text) }
  }

  /// Says why the program ends.
  static func fail(_ text: String) {
    if let log = noteLog.withLock({ $0 }) { log(text, true) } else { line(text) }
  }

  /// From now on notes go there, and what ends the program.
  static func sendNotes(to log: @escaping @Sendable (_ text: String, _ isFatal: Bool) -> Void) {
    noteLog.withLock { $0 = log }
  }

  private static let noteLog = Mutex<(@Sendable (String, Bool) -> Void)?>(nil)

  /// Writes a line on standard error; nobody minds if it is lost.
  static func line(_ text: String) {
    clearProgress()
    try? write(Array((text + "\n").utf8), to: STDERR_FILENO, name: "standard error")
  }

  /// Writes a line about what others do wrong: each once, and not too many of anybody, since they may do it all day.
  ///
  /// - Parameter culprit: who it is about, as far as that is known.
  static func warn(_ text: String, of culprit: String = "") {
    let isNew = warnings.withLock { warnings in
      guard warnings[culprit] != nil || warnings.count < 64, warnings[culprit, default: []].count < 8 else {
        return false
      }
      return warnings[culprit, default: []].insert(text).inserted
    }
    if isNew { say("gpt2: " + text) }
  }

  private static let warnings = Mutex<[String: Set<String>]>([:])

  /// Draws one line over the one before, on a terminal only.
  static func progress(_ text: @autoclosure () -> String) {
    guard showsProgress else { return }
    try? write(Array("\r\u{1B}[2K\(text().prefix(max(0, width - 1)))".utf8), to: STDERR_FILENO, name: "standard error")
  }

  static func clearProgress() {
    guard showsProgress else { return }
    try? write(Array("\r\u{1B}[2K".utf8), to: STDERR_FILENO, name: "standard error")
  }

  /// Writes all of it to an open file.
  ///
  /// - Throws: ``OutputError``.
  static func write(_ bytes: [UInt8], to descriptor: Int32, name: String) throws(OutputError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      #if canImport(Glibc)
        let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      #elseif canImport(Musl)
        let written = rest.withUnsafeBytes { Musl.write(descriptor, $0.baseAddress, $0.count) }
      #else
        let written = rest.withUnsafeBytes { Darwin.write(descriptor, $0.baseAddress, $0.count) }
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw OutputError(name: name, reason: String(cString: strerror(errno)))
      }
      rest = rest.dropFirst(written)
    }
  }
}

/// Encodes a result on one line.
func jsonLine(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
  return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}
