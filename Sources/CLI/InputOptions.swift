import ArgumentParser
import GPT2

/// What a command works on: text from the command line, a file or standard input, or token ids.
struct InputOptions: ParsableArguments {
  @Option(help: ArgumentHelp("File with one prompt a line; they run as a batch.", valueName: "file"))
  var prompts: String?

  @Option(
    help: ArgumentHelp(
      "Token ids instead of text, as 1,2,3. Repeat it for a batch; needs no tokenizer.", valueName: "ids"))
  var tokenIds: [String] = []

  @Option(help: ArgumentHelp("File with one list of token ids a line.", valueName: "file"))
  var tokenIdsFile: String?

  @Flag(help: "Read a typed <|endoftext|> as the end-of-text token, not as ordinary text.")
  var allowSpecial = false

  /// One thing to work on.
  struct Item {
    /// Nil for token ids.
    var text: String?
    var tokens: [Int]
  }

  /// Reads all there is to work on.
  ///
  /// - Parameters:
  ///   - text: the positional argument; `-` or nothing reads standard input, unless an option gives the input.
  ///   - split: whether the argument is a prompt; otherwise it names a file.
  func items(_ argument: String?, argumentIsFile: Bool = false, tokenizer: Tokenizer?) throws -> [Item] {
    let given = [prompts != nil, !tokenIds.isEmpty, tokenIdsFile != nil, argument != nil].filter { $0 }.count
    guard given <= 1 else {
      throw ValidationError("Give one of: a text, --prompts, --token-ids, --token-ids-file")
    }
    if !tokenIds.isEmpty {
      return try tokenIds.enumerated().map { Item(tokens: try Self.ids($1, "--token-ids \($0 + 1)")) }
    }
    if let tokenIdsFile {
      return try Self.lines(of: TextInput.file(tokenIdsFile)).map { line, number in
        Item(tokens: try Self.ids(line, "\(tokenIdsFile): line \(number)"))
      }
    }
    guard let tokenizer else {
      throw InputError.noTokenizer
    }
    if let prompts {
      return try Self.lines(of: TextInput.file(prompts)).map { line, _ in
        Item(text: line, tokens: tokenizer.encode(line, allowSpecial: allowSpecial))
      }
    }
    let text: String
    if let argument, argument != "-", !argumentIsFile {
      text = argument
    } else {
      text = try TextInput(argument).text()
    }
    return [Item(text: text, tokens: tokenizer.encode(text, allowSpecial: allowSpecial))]
  }

  /// Lines that are not empty, with their numbers.
  private static func lines(of input: TextInput) throws -> [(String, Int)] {
    let lines = try input.text().split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .map { (String($1.hasSuffix("\r") ? $1.dropLast() : $1), $0 + 1) }
      .filter { !$0.0.isEmpty }
    guard !lines.isEmpty else { throw InputError.noLines(input.name) }
    return lines
  }

  private static func ids(_ list: String, _ place: String) throws -> [Int] {
    try list.split(separator: ",", omittingEmptySubsequences: false).map { field in
      guard let id = Int(field.filter { $0 != " " }), id >= 0 else {
        throw ValidationError(
          "\(place): “\(field)” is no token id; give whole numbers from 0, with commas between them")
      }
      return id
    }
  }
}
