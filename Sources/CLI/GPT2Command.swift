import ArgumentParser
import BuildRevision
import Dispatch
import GPT2
import JSON
import LibC
import Pipeline
import Platform
import ZeroMQ

@main
struct GPT2Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpt2",
    abstract: "Run GPT-2 in one process or in several, on one machine or on many.",
    discussion: """
        gpt2 generate "To be, or not"
        gpt2 generate --model ~/gpt2 -n 100 --temperature 0.8 "The dog"
        gpt2 generate --spawn 2 --stats "The dog"
        gpt2 serve

      --model DIR names a folder in Hugging Face's layout: config.json, model.safetensors, vocab.json and merges.txt. \
      Without it a small demo model answers that is built in; it was trained on Shakespeare and is a toy.

      Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 64 wrong usage. \
      GPT2_KERNELS in the environment forces an instruction set: avx512vnni, avx512, avxvnni, avx2 or portable, on arm64 dotprod \
      or portable. All give the same bits.
      """,
    version: version,
    groupedSubcommands: [
      CommandGroup(
        name: "Model",
        subcommands: [
          Generate.self, Serve.self, Score.self, Embed.self, Tokenize.self, CompareWeights.self,
        ]),
      CommandGroup(name: "Cluster", subcommands: [WorkerCommand.self, Keygen.self]),
      CommandGroup(name: "Speed", subcommands: [Bench.self, Plan.self]),
    ])

  /// The version, and the commit where it is known.
  private static var version: String { "gpt2 \(build)" }

  /// Which program this is, as members of a cluster tell each other.
  static var build: String {
    let revision = String(cString: gpt2_revision)
    return ProgramVersion.current + (revision.isEmpty ? "" : " (\(revision))")
  }

  static func main() async {
    holdStandardDescriptors()
    DescriptorLimit.raise(to: DescriptorLimit.enough)
    // A file that would become larger than files may be is an error of the write then, and not the end.
    signal(SIGXFSZ, SIG_IGN)
    TimeSlice.shorten()
    do {
      try checkArguments()
      var command = try parse(CommandLineWords.translated(Array(CommandLine.arguments.dropFirst())))
      try DescriptorLimit.reserve(descriptorCount(for: command))
      try DescriptorLimit.watch()
      // A server and a worker end in their own way.
      if !(command is Serve || command is WorkerCommand) { removeUnfinishedFilesOnSignals() }
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      let code = exitCode(for: error)
      // All is said then: help, the version, or what went wrong.
      if code == .success || error is ExitCode { exit(withError: error) }
      let text = code == .validationFailure ? advised(message(for: error)) + " (\(help))" : message(for: error)
      Terminal.fail("gpt2: " + oneLine(text))
      // A line of its own, to be copied.
      if let command = (error as? ModelFolderError)?.command { Terminal.fail("  " + command) }
      exit(withError: code)
    }
  }

  /// Descriptors that a command may need before it can say that there are none.
  private static func descriptorCount(for command: any ParsableCommand) -> Int {
    guard let serve = command as? Serve else { return 64 }
    // NIO has a few for each core; and they must be left when the workers have theirs.
    return 64 + 4 * Host.cores + 8 * serve.cluster.workerCount
  }

  /// The command that is meant; nil when it is none of ours.
  private static var meant: (any ParsableCommand.Type)? {
    let name = CommandLine.arguments.dropFirst().first
    return configuration.subcommands.first { $0._commandName == name }
  }

  private static var meantTakesFlagsOnly: Bool {
    ["serve", "worker", "plan", "bench"].contains(meant?._commandName)
  }

  /// What says how the command is used that was meant.
  private static var help: String { meant.map { "gpt2 \($0._commandName) --help" } ?? "gpt2 --help" }

  private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
    try checkCommand(arguments.first)
    // Where no text is taken, it can be no text.
    if arguments.dropFirst() == ["help"], meantTakesFlagsOnly {
      return try parseAsRoot([arguments[0], "--help"])
    }
    return try parseAsRoot(arguments)
  }

  /// What ArgumentParser says of a flag or an argument, with what to do.
  private static func advised(_ message: String) -> String {
    // A word with a hyphen could be several short flags too, and each is complained of; the first line says enough.
    let message = message.prefix { $0 != "\n" }
    if let flag = message.wholeMatch(of: /Unknown option '(.*?)'(\. Did you mean .*)?/.dotMatchesNewlines())?.1 {
      let flag = String(flag)
      if flag.contains(where: \.isWhitespace) || flag.dropFirst().first?.isNumber == true {
        return beginsWithHyphen(flag)
      }
      let known = meant?.helpMessage(columns: 200).matches(of: /--[a-z][a-z-]+/).map { String($0.0) } ?? []
      let advice = CommandLineWords.advice(forFlag: flag, known: known)
      return "there is no flag \(flag)" + (advice.map { "; \($0)" } ?? "")
    }
    if let word = message.wholeMatch(of: /Unexpected argument '(.*)'/.dotMatchesNewlines())?.1 {
      let advice =
        meantTakesFlagsOnly
        ? "this command takes flags only; a model is given by --model" : "put a text with spaces in quotes"
      return "“\(word)” is one argument too many; \(advice)"
    }
    return String(message)
  }

  private static func beginsWithHyphen(_ text: String) -> String {
    "“\(text)” begins with a hyphen; put -- before a text that does, or give it by -p"
  }

  /// Refuses arguments that would be understood as something else than they are.
  private static func checkArguments() throws {
    var last = ""
    for (index, bytes) in CommandLine.rawArguments.enumerated() {
      // Swift mends what is not UTF-8 without a word; a prompt must not be changed behind its writer's back.
      guard let argument = String(validating: bytes, as: UTF8.self) else {
        throw ValidationError("argument \(index + 1) is not UTF-8; give such text in a file, in UTF-8")
      }
      if argument == "--" { return }
      defer { last = argument }
      if ["-p", "--prompt"].contains(last) { continue }
      // Not -h with more letters, or several flags in one word, but a text.
      let isText =
        argument.utf8.starts(with: "-h".utf8) && argument.utf8.count > 2
        || argument.hasPrefix("-") && argument.prefix { $0 != "=" }.contains(where: \.isWhitespace)
      if isText { throw ValidationError(beginsWithHyphen(argument)) }
    }
  }

  /// Refuses a command that there is not, with the one that may be meant.
  private static func checkCommand(_ name: String?) throws {
    guard let name, !name.hasPrefix("-"), name != "help" else { return }
    let commands = configuration.subcommands.map { $0._commandName }
    guard !commands.contains(name) else { return }
    throw ValidationError(
      "there is no command “\(name)”; \(CommandLineWords.advice(forCommand: name, commands: commands))")
  }

  /// A message on one line of bounded length, whatever was quoted in it.
  private static func oneLine(_ message: String) -> String {
    var line = ""
    for scalar in message.unicodeScalars.prefix(2000) {
      switch scalar {
      case "\n": line += "\\n"
      case "\r": line += "\\r"
      case "\t": line += "\\t"
      default: line += scalar.value < 0x20 || scalar.value == 0x7F ? "\u{FFFD}" : String(scalar)
      }
    }
    return line
  }

  /// Opens what is closed of standard input, output and error, the wrong way round, so that no file takes their numbers
  /// and using them is an error.
  private static func holdStandardDescriptors() {
    for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
    where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", mode)
    }
  }

  /// On a signal that ends the program, first removes files that are half written.
  private static func removeUnfinishedFilesOnSignals() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        SafetensorsWriter.removeUnfinished()
        signal(number, SIG_DFL)
        // To the process: the threads of Dispatch block signals, and raise would send it to this one.
        kill(getpid(), number)
      }
      source.resume()
      _ = Unmanaged.passRetained(source as AnyObject)  // it works as long as the process lives
    }
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
