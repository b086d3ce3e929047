import ArgumentParser
import ZeroMQ

struct Keygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a key for a cluster on several machines.",
    discussion: """
      Writes two files. FILE is the secret half, which only you may read (mode 600). FILE.pub is the public half, with the \
      member's name.

      The simple way is one key for all. Copy FILE to every machine over a channel you trust, and give it to each process \
      with --key FILE. Any member can then pose as any other, and read what the others send.

        gpt2 keygen cluster.key

      Or each member has a key of its own. The coordinator gets the list of public keys that it lets in, workers get the \
      coordinator's. A key that is taken out of the list is shut out at once.

        gpt2 keygen coordinator.key; gpt2 keygen worker.key
        cat worker.key.pub >> allowed
        gpt2 generate "Hi" --listen tcp://10.0.0.1:7070 --workers 1 \\
          --key coordinator.key --allowed-keys allowed
        gpt2 worker --coordinator tcp://10.0.0.1:7070 \\
          --key worker.key --coordinator-key coordinator.key.pub
      """)

  @Argument(help: "Where to write it; nothing is overwritten.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("Whose it is: a worker's --name. (default: the file's name)", valueName: "name"))
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
