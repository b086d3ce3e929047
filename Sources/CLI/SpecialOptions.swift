import ArgumentParser

/// How special tokens in a text are read.
struct SpecialOptions: ParsableArguments {
  @Flag(help: "Read <|endoftext|> and other special tokens in a text as ordinary text.")
  var noSpecial = false

  // What is the default now; commands that were written before go on working.
  @Flag(help: .hidden)
  var allowSpecial = false

  mutating func validate() throws {
    if noSpecial && allowSpecial { throw ValidationError("--no-special and --allow-special exclude each other") }
  }

  var readsSpecial: Bool { !noSpecial }
}
