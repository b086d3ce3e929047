import ArgumentParser
import ZeroMQ

struct Keygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the key of a cluster.",
    discussion: """
      One key is shared by all: copy FILE to every host, over a channel you trust, and give it to each process with --key \
      FILE. Whoever has it can join, and read what the members send each other; nobody else can. Only its owner may read \
      FILE, here and on every host (chmod 600). Prints the public half, by which the hosts' files can be compared.

        gpt2 keygen cluster.key
      """)

  @Argument(help: "Where to write it; nothing is overwritten.")
  var file: String

  func run() throws {
    let pair = try CurveKeyPair.make()
    try pair.write(to: file)
    try Terminal.write(pair.publicKey.z85 + "\n")
    Terminal.note("\(file): a new key; copy it to every host and start all with --key FILE")
  }
}
