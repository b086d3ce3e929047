internal import LibC

/// The public keys that a coordinator lets in, and whose they are: a file of lines `KEY NAME`, as the `.pub` files of
/// `gpt2 keygen` have one each.
public struct AllowedKeys: Hashable, Sendable {
  /// Each key's name; empty where the line has none.
  public let names: [CurveKey: String]

  public var keys: Set<CurveKey> { Set(names.keys) }

  static let limit = 1024
  private static let byteLimit = 1 << 18

  /// Reads a list; empty lines, and those that begin with `#` and a space, mean nothing.
  ///
  /// - Throws: ``CurveKeyError`` also when others than the owner may change the file, or another user than this one and root
  ///   owns it.
  public init(file path: String) throws(CurveKeyError) {
    do throws(CurveKeyProblem) {
      let file = try KeyFile.read(path, atMost: Self.byteLimit)
      guard file.mode & 0o022 == 0 else { throw .writableByOthers(mode: file.mode) }
      guard file.owner == geteuid() || file.owner == 0 else { throw .ownedByOther(user: file.owner) }
      try self.init(lines: String(decoding: file.bytes, as: UTF8.self))
    } catch {
      throw CurveKeyError(file: path, problem: error)
    }
  }

  /// Reads the lines of such a file.
  public init(lines text: String) throws(CurveKeyProblem) {
    var names: [CurveKey: String] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let first = words.first, first != "#" else { continue }
      guard let key = try? CurveKey(z85: String(first)) else { throw .line(index + 1) }
      if key.isZero { throw .zero }
      names[key] = words.dropFirst().first.map { $0.filter { !$0.isWhitespace } }.map { String($0.prefix(64)) } ?? ""
    }
    guard names.count <= Self.limit else { throw .tooMany(limit: Self.limit) }
    self.names = names
  }
}

extension CurveKey {
  /// A member's public key: the text itself, or the path of the `.pub` file that `gpt2 keygen` wrote.
  ///
  /// - Throws: ``CurveKeyError``.
  public init(publicKey argument: String) throws(CurveKeyError) {
    do throws(CurveKeyProblem) {
      if let key = try? CurveKey(z85: argument), access(argument, F_OK) != 0 {
        self = key
      } else {
        let file = try KeyFile.read(argument, atMost: 1024)
        let words = String(decoding: file.bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard let word = words.first else { throw .length(0) }
        // The secret half of somebody's pair, by mistake; it is nobody's public key.
        guard words.count > 1 || file.mode & 0o077 != 0 else { throw .notPublic }
        try self.init(z85: String(word))
      }
      if isZero { throw .zero }
    } catch {
      throw CurveKeyError(file: argument, problem: error)
    }
  }
}
