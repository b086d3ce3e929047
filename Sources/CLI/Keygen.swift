import ArgumentParser
import ZeroMQ

struct Keygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the key of a member of a cluster.",
    discussion: """
      FILE gets the secret half, which only its owner may read (mode 600); a file that others may read is refused. FILE.pub \
      gets the public half, which is no secret, and the member's name.

      Each member with a key of its own: the coordinator is given the public keys that it lets in, workers are given the \
      coordinator's. A key that is taken out of the list is shut out at once.

        gpt2 keygen coordinator.key; gpt2 keygen worker.key
        cat worker.key.pub >> allowed
        gpt2 generate … --listen tcp://10.0.0.1:7070 --workers 1 --key coordinator.key --allowed-keys allowed
        gpt2 worker --coordinator tcp://10.0.0.1:7070 --key worker.key --coordinator-key coordinator.key.pub

      Or one key for all, which is simpler: copy FILE to every host, over a channel you trust, and give it to each process \
      with --key FILE. Then any member can pose as any other, the coordinator too, and read what the others send each other.
      """)

  @Argument(help: "Where to write it; nothing is overwritten.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("Whose it is; a worker of this --name. (default: the file's name)", valueName: "name"))
  var name: String?

  mutating func validate() throws {
    if let name, name.isEmpty || name.utf8.count > 64 || name.contains(where: \.isWhitespace) {
      throw ValidationError("--name “\(name)”: give 1 to 64 bytes without spaces")
    }
  }

  func run() throws {
    let pair = try CurveKeyPair.make()
    try pair.write(to: file)
    do {
      try pair.writePublicHalf(to: "\(file).pub", name: name ?? Self.name(of: file))
    } catch {
      Terminal.note("\(file): the secret half is there, and can be used")
      throw error
    }
    try Terminal.write("public key: \(pair.publicKey.z85)\n")
    Terminal.note(
      "\(file): the new secret key, which only you may read (chmod 600); \(file).pub: its public half, for --allowed-keys and --coordinator-key"
    )
  }

  private static func name(of path: String) -> String {
    let name = path.split(separator: "/").last.map { $0.filter { !$0.isWhitespace } } ?? ""
    let stem = name.hasSuffix(".key") && name.utf8.count > 4 ? String(name.dropLast(4)) : name
    return stem.isEmpty ? "member" : String(stem.prefix(64))
  }
}
