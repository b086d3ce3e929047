import ArgumentParser
import GPT2

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn text into token ids, or back.",
    usage: "gpt2 tokenize [<options>] [<text>]",
    discussion: """
        gpt2 tokenize "Hello world"
        gpt2 tokenize --json - < book.txt
        gpt2 tokenize --json --prompts texts.jsonl
        gpt2 tokenize --decode "396, 304"
      """)

  @Argument(help: "The text, or the ids; - or nothing reads standard input.")
  var text: String?

  @OptionGroup var model: ModelOptions

  @Flag(help: "Ids into text: numbers with commas or white space between them.")
  var decode = false

  @Option(help: ArgumentHelp("File with one text a line; in a .jsonl file each is a JSON string.", valueName: "file"))
  var prompts: String?

  @OptionGroup var special: SpecialOptions

  @Flag(help: "Print a JSON object a text: tokens, and with --decode text.")
  var json = false

  mutating func validate() throws {
    if prompts != nil && text != nil { throw ValidationError("give only one of a text and --prompts") }
    if prompts != nil && decode { throw ValidationError("--decode takes the ids as text or from standard input") }
    if prompts?.isEmpty == true { throw ValidationError("--prompts is empty; give the path of a file") }
  }

  func run() throws {
    guard let tokenizer = try model.tokenizer() else { throw InputError.noTokenizer(try model.folder.name) }
    if let prompts {
      for (text, _) in try PromptFile(prompts).texts() {
        try write(tokenizer.encode(text, allowSpecial: special.readsSpecial))
      }
      return
    }
    let bytes: [UInt8] =
      if let text, text != "-" { Array(text.utf8) } else { try TextInput.standardInput.bytes() }
    guard decode else { return try write(tokenizer.encode(bytes, allowSpecial: special.readsSpecial)) }
    let tokens = try TokenList(String(decoding: bytes, as: UTF8.self), place: "the ids").tokens
    let decoded = try tokenizer.decode(tokens)
    if json {
      try Terminal.write(jsonLine(Result(text: String(decoding: decoded, as: UTF8.self), tokens: tokens)))
    } else {
      // The bytes and nothing else, so that what was tokenized comes back; a person sees a line.
      try Terminal.write(decoded + (Terminal.outputIsScreen ? Array("\n".utf8) : []))
    }
  }

  private func write(_ tokens: [Int]) throws {
    try Terminal.write(
      json ? jsonLine(Result(tokens: tokens)) : tokens.map { String($0) }.joined(separator: " ") + "\n")
  }

  private struct Result: Encodable {
    var text: String?
    var tokens: [Int]
  }
}
