/// Finds stop strings in text that comes in pieces, and passes on what is certain not to belong to one.
///
/// The text ends before the stop string whose last byte comes first, the longest of those that end with that byte; how
/// the text was cut into pieces makes no difference. Strings match byte by byte of their UTF-8, so composed and
/// decomposed forms of a character differ. Text that could still become a stop string waits: the longest suffix that
/// begins one. Each byte costs a few steps for each stop string (Knuth, Morris and Pratt, 1977).
public struct StopMatcher: Hashable, Sendable {
  /// What of the text is certain, and whether it has ended.
  public struct Output: Hashable, Sendable {
    /// Follows on what was given before.
    public var text: String
    /// Index of the stop string that was found; nothing comes after it.
    public var stop: Int?
  }

  /// Most stop strings a matcher takes.
  public static let maximumStops = 16
  /// Most bytes a stop string may have.
  public static let maximumStopBytes = 1024

  /// Whether the text ends behind the stop string instead of before it.
  private let keepsStop: Bool
  private var automata: [Automaton]
  /// The end of the text so far, still to be decided on.
  private var held: [UInt8] = []
  private var found: Int?

  /// Throws `SamplingError.emptyStop`, `.stopTooLong` or `.tooManyStops`.
  public init(_ stops: [String], keepsStop: Bool = false) throws(SamplingError) {
    self.keepsStop = keepsStop
    guard stops.count <= Self.maximumStops else { throw .tooManyStops(stops.count, limit: Self.maximumStops) }
    automata = []
    for (index, stop) in stops.enumerated() {
      let pattern = Array(stop.utf8)
      guard !pattern.isEmpty else { throw .emptyStop(index: index) }
      guard pattern.count <= Self.maximumStopBytes else {
        throw .stopTooLong(index: index, bytes: pattern.count, limit: Self.maximumStopBytes)
      }
      automata.append(Automaton(pattern))
    }
  }

  /// Takes the next piece of text; after a stop string was found, pieces are dropped.
  ///
  /// - Parameter mayStop: whether a stop string that ends in this piece counts.
  public mutating func append(_ piece: String, mayStop: Bool = true) -> Output {
    if let found { return Output(text: "", stop: found) }
    if automata.isEmpty { return Output(text: piece, stop: nil) }
    for byte in piece.utf8 {
      held.append(byte)
      var longest = 0
      for index in automata.indices where automata[index].advance(by: byte) && mayStop {
        if automata[index].length > longest {
          longest = automata[index].length
          found = index
        }
      }
      if found != nil {
        let text = String(decoding: held.dropLast(keepsStop ? 0 : longest), as: UTF8.self)
        held = []
        return Output(text: text, stop: found)
      }
    }
    // A stop string begins with the first byte of a character, so the cut is between characters.
    let waiting = automata.reduce(0) { max($0, $1.pending) }
    let text = String(decoding: held.dropLast(waiting), as: UTF8.self)
    held.removeFirst(held.count - waiting)
    return Output(text: text, stop: nil)
  }

  /// Ends the text: gives what was held back. The matcher is done.
  public mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }
}

extension StopMatcher {
  /// How much of one stop string the end of the text matches.
  private struct Automaton: Hashable {
    private let pattern: [UInt8]
    /// For each prefix of the pattern, by length − 1, the length of its longest proper prefix that is also its suffix.
    private let borders: [Int]
    /// Bytes of the pattern that the text ends with.
    private(set) var matched = 0

    var length: Int { pattern.count }
    /// Bytes that may still become the pattern.
    var pending: Int { matched == pattern.count ? borders[matched - 1] : matched }

    init(_ pattern: [UInt8]) {
      var borders = [0]
      var border = 0
      for byte in pattern.dropFirst() {
        while border > 0, pattern[border] != byte { border = borders[border - 1] }
        if pattern[border] == byte { border += 1 }
        borders.append(border)
      }
      self.pattern = pattern
      self.borders = borders
    }

    /// Whether the pattern ends with this byte of the text.
    mutating func advance(by byte: UInt8) -> Bool {
      if matched == pattern.count { matched = borders[matched - 1] }
      while matched > 0, pattern[matched] != byte { matched = borders[matched - 1] }
      if pattern[matched] == byte { matched += 1 }
      return matched == pattern.count
    }
  }
}
