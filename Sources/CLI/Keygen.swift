import ArgumentParser
import ZeroMQ

struct Keygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the key of a cluster.",
    discussion: """
      One key is shared by all: copy FILE to every host, over a channel you trust, and give it to each process with --key \
      FILE. Whoever has it can join, and read what the members send each other; nobody else can. Only its owner may read \
      FILE, here and on every host (chmod 600); a file that others may read is refused. Prints the public half, which is \
      no secret and nobody needs.

        gpt2 keygen cluster.key
      """)

  @Argument(help: "Where to write it; nothing is overwritten.")
  var file: String

  func run() throws {
    let pair = try CurveKeyPair.make()
    try pair.write(to: file)
    try Terminal.write("public key: \(pair.publicKey.z85)\n")
    Terminal.note(
      "\(file): the new secret key, which only you may read (chmod 600); copy it to every host and start all with --key \(file)"
    )
  }
}
