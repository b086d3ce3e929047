import ArgumentParser

@main
struct GPT2Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpt2",
    abstract: "Run GPT-2: write text, score it, embed it.",
    discussion: """
      Every command takes --model DIR, a folder in Hugging Face's layout (config.json, model.safetensors, vocab.json and \
      merges.txt). Without it a small model answers that is built into this program: twelve blocks, trained on \
      Shakespeare.

        gpt2 generate "To be, or not"
        gpt2 generate --model ~/gpt2 --max-tokens 100 --temperature 0.8 --seed 7 "The dog"
        gpt2 score --model ~/gpt2 book.txt

      Results go to standard output, progress and notes to standard error. Exit codes: 0 done, 1 failed, 64 wrong usage.
      The environment variable GPT2_KERNELS (avx512, avx2, portable) forces an instruction set; all give the same bits.
      """,
    version: "0.1.0",
    subcommands: [Generate.self, Score.self, Embed.self, Tokenize.self, Bench.self])

  static func main() {
    // Swift mends what is not UTF-8 in arguments without a word; a prompt must not be changed behind its writer's back.
    for (index, argument) in CommandLine.rawArguments.enumerated()
    where String(validating: argument, as: UTF8.self) == nil {
      exit(withError: ValidationError("Argument \(index) is not UTF-8; give such text in a file"))
    }
    main(nil)
  }
}

extension CommandLine {
  /// The arguments after the program's name, as bytes.
  fileprivate static var rawArguments: [[UInt8]] {
    (1..<max(1, Int(argc))).compactMap { index in
      unsafeArgv[index].map { argument in
        var bytes: [UInt8] = []
        var next = argument
        while next.pointee != 0 {
          bytes.append(UInt8(bitPattern: next.pointee))
          next += 1
        }
        return bytes
      }
    }
  }
}
