import ArgumentParser
import GPT2

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn text into token ids, or with --decode ids into text.",
    discussion: """
        gpt2 tokenize "Hello world"
        gpt2 tokenize --json - < book.txt
        gpt2 tokenize --decode "15496, 995"
      """)

  @Argument(help: "The text, or the ids; - or nothing reads standard input.")
  var text: String?

  @OptionGroup var model: ModelOptions

  @Flag(help: "Ids into text: numbers with commas or white space between them.")
  var decode = false

  @Flag(help: "Read a typed <|endoftext|> as the end-of-text token, not as ordinary text.")
  var allowSpecial = false

  @Flag(help: "A JSON object: tokens, and with --decode text.")
  var json = false

  func run() throws {
    guard let tokenizer = try model.tokenizer() else { throw InputError.noTokenizer }
    let bytes: [UInt8] =
      if let text, text != "-" { Array(text.utf8) } else { try TextInput.standardInput.bytes() }
    if decode {
      let tokens = try ids(bytes)
      let decoded = String(decoding: try tokenizer.decode(tokens), as: UTF8.self)
      try Terminal.write(json ? jsonLine(Result(text: decoded, tokens: tokens)) : decoded + "\n")
    } else {
      let tokens = tokenizer.encode(bytes, allowSpecial: allowSpecial)
      try Terminal.write(
        json ? jsonLine(Result(tokens: tokens)) : tokens.map { String($0) }.joined(separator: " ") + "\n")
    }
  }

  private func ids(_ bytes: [UInt8]) throws -> [Int] {
    let separators: Set<UInt8> = Set(", \t\r\n[]".utf8)
    return try bytes.split(whereSeparator: separators.contains).map { field in
      let field = String(decoding: field, as: UTF8.self)
      guard let id = Int(field) else {
        throw ValidationError(
          "“\(field.prefix(40))” is no token id; give whole numbers with commas or spaces between them")
      }
      return id
    }
  }

  private struct Result: Encodable {
    var text: String?
    var tokens: [Int]
  }
}
