import ArgumentParser
import GPT2

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn text into token ids, or back.",
    discussion: """
        gpt2 tokenize "Hello world"
        gpt2 tokenize --json - < book.txt
        gpt2 tokenize --decode "396, 304"
      """)

  @Argument(help: "The text, or the ids; - or nothing reads standard input.")
  var text: String?

  @OptionGroup var model: ModelOptions

  @Flag(help: "Ids into text: numbers with commas or white space between them.")
  var decode = false

  @Flag(help: "Read a typed <|endoftext|> as the end-of-text token, not as ordinary text.")
  var allowSpecial = false

  @Flag(help: "Print a JSON object: tokens, and with --decode text.")
  var json = false

  func run() throws {
    guard let tokenizer = try model.tokenizer() else { throw InputError.noTokenizer(try model.folder.name) }
    let bytes: [UInt8] =
      if let text, text != "-" { Array(text.utf8) } else { try TextInput.standardInput.bytes() }
    if decode {
      let tokens = try TokenList(String(decoding: bytes, as: UTF8.self), place: "the ids").tokens
      let decoded = try tokenizer.decode(tokens)
      if json {
        try Terminal.write(jsonLine(Result(text: String(decoding: decoded, as: UTF8.self), tokens: tokens)))
      } else {
        // The bytes and nothing else, so that what was tokenized comes back; a person sees a line.
        try Terminal.write(decoded + (Terminal.outputIsScreen ? Array("\n".utf8) : []))
      }
    } else {
      let tokens = tokenizer.encode(bytes, allowSpecial: allowSpecial)
      try Terminal.write(
        json ? jsonLine(Result(tokens: tokens)) : tokens.map { String($0) }.joined(separator: " ") + "\n")
    }
  }

  private struct Result: Encodable {
    var text: String?
    var tokens: [Int]
  }
}
