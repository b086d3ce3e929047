import ArgumentParser
import GPT2

/// What a command works on: text from the command line, a file or standard input, or token ids.
struct InputOptions: ParsableArguments {
  @Option(
    name: [.customShort("p"), .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A text, which may begin with a hyphen. Repeat it for a batch.", valueName: "text"))
  var prompt: [String] = []

  @Option(
    help: ArgumentHelp("File with one prompt a line; in a .jsonl file each is a JSON string.", valueName: "file"),
    completion: .file())
  var prompts: String?

  @Option(
    help: ArgumentHelp(
      "Token ids instead of text, as 1,2,3. Repeat it for a batch; needs no tokenizer.", valueName: "ids"))
  var tokenIds: [String] = []

  @Option(help: ArgumentHelp("File with one list of token ids a line.", valueName: "file"), completion: .file())
  var tokenIdsFile: String?

  @OptionGroup var special: SpecialOptions

  /// One thing to work on.
  struct Item {
    /// Nil for token ids.
    var text: String?
    var tokens: [Int]
    /// Where it came from, for messages: `prompts.txt: line 4`.
    var place: String
  }

  mutating func validate() throws {
    for (flag, path) in [("--prompts", prompts), ("--token-ids-file", tokenIdsFile)] where path?.isEmpty == true {
      throw ValidationError("\(flag) is empty; give the path of a file")
    }
    for list in tokenIds {
      do throws(InputError) { _ = try TokenList(list, place: "--token-ids") } catch {
        throw ValidationError("\(error)")
      }
    }
  }

  /// Whether the input is token ids, so that no tokenizer is needed.
  var isTokenIds: Bool { !tokenIds.isEmpty || tokenIdsFile != nil }

  /// Reads all there is to work on.
  ///
  /// - Parameters:
  ///   - argument: the positional argument, a text or a file's path; `-` or nothing reads standard input, unless an option
  ///     gives the input.
  ///   - model: for messages.
  func items(
    _ argument: String?, argumentIsFile: Bool = false, tokenizer: Tokenizer?, model: CheckpointFolder
  ) throws -> [Item] {
    let given = [!prompt.isEmpty, prompts != nil, !tokenIds.isEmpty, tokenIdsFile != nil, argument != nil].filter { $0 }
      .count
    guard given <= 1 else {
      throw ValidationError("give only one of a text, --prompt, --prompts, --token-ids and --token-ids-file")
    }
    if !tokenIds.isEmpty {
      return try tokenIds.enumerated().map { index, list in
        Item(tokens: try TokenList(list, place: "--token-ids").tokens, place: "--token-ids \(index + 1)")
      }
    }
    if let tokenIdsFile {
      return try Self.lines(of: TextInput.file(tokenIdsFile)).map { line, place in
        Item(tokens: try TokenList(line, place: place).tokens, place: place)
      }
    }
    guard let tokenizer else { throw InputError.noTokenizer(model.name) }
    if !prompt.isEmpty {
      return prompt.enumerated().map { index, text in
        Item(
          text: text, tokens: tokenizer.encode(text, allowSpecial: special.readsSpecial), place: "prompt \(index + 1)")
      }
    }
    if let prompts {
      return try PromptFile(prompts).texts().map { line, place in
        Item(text: line, tokens: tokenizer.encode(line, allowSpecial: special.readsSpecial), place: place)
      }
    }
    let (text, place): (String, String) =
      if let argument, argument != "-", !argumentIsFile {
        (argument, "the text")
      } else {
        (try TextInput(argument).text(), TextInput(argument).name)
      }
    if text.isEmpty, argument?.isEmpty != true { throw InputError.empty(place) }
    return [Item(text: text, tokens: tokenizer.encode(text, allowSpecial: special.readsSpecial), place: place)]
  }

  /// Lines that are not empty, each with its place.
  static func lines(of input: TextInput) throws -> [(line: String, place: String)] {
    let lines = try input.text().split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
      .enumerated().map { (line: String($1), place: "\(input.name): line \($0 + 1)") }
      .filter { !$0.line.isEmpty }
    guard !lines.isEmpty else { throw InputError.noLines(input.name) }
    return lines
  }
}
