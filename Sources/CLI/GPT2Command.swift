import ArgumentParser
import BuildRevision
import Dispatch
import GPT2
import Pipeline
import ZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
        gpt2 generate --model ~/gpt2 --max-tokens 100 --temperature 0.8 "The dog"
        gpt2 score --model ~/gpt2 book.txt

      Results go to standard output, progress and notes to standard error. Exit codes: 0 done, 1 failed, 64 wrong usage.
      The environment variable GPT2_KERNELS (avx512, avx2, portable) forces an instruction set; all give the same bits.
      """,
    version: version,
    subcommands: [
      Generate.self, Serve.self, Score.self, Embed.self, Tokenize.self, WorkerCommand.self, Plan.self, Bench.self,
      Keygen.self,
    ])

  /// The version, and the commit where it is known.
  private static var version: String {
    let revision = String(cString: gpt2_revision)
    return "gpt2 \(ProgramVersion.current)" + (revision.isEmpty ? "" : " (\(revision))")
  }

  static func main() async {
    holdStandardDescriptors()
    DescriptorLimit.raise(to: DescriptorLimit.enough)
    // A file that would become larger than files may be is an error of the write then, and not the end.
    signal(SIGXFSZ, SIG_IGN)
    TimeSlice.shorten()
    do {
      try checkArguments()
      try checkCommand()
      var command = try parseAsRoot()
      try DescriptorLimit.reserve(descriptorCount(for: command))
      try DescriptorLimit.watch()
      // A server ends in its own way.
      if !(command is Serve) { removeUnfinishedFilesOnSignals() }
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      let code = exitCode(for: error)
      // All is said then: help, the version, or what went wrong.
      if code == .success || error is ExitCode { exit(withError: error) }
      Terminal.fail("gpt2: " + oneLine(message(for: error)) + (code == .validationFailure ? " (\(help))" : ""))
      exit(withError: code)
    }
  }

  /// Descriptors that a command may need before it can say that there are none.
  private static func descriptorCount(for command: any ParsableCommand) -> Int {
    guard let serve = command as? Serve else { return 64 }
    // NIO has a few for each core; and they must be left when the workers have theirs.
    return 64 + 4 * ThreadPool.availableCores + 8 * serve.cluster.workerCount
  }

  /// What says how the command is used that was meant.
  private static var help: String {
    let name = CommandLine.arguments.dropFirst().first
    let isCommand = configuration.subcommands.contains { $0._commandName == name }
    return isCommand ? "gpt2 \(name!) --help" : "gpt2 --help"
  }

  /// Refuses arguments that would be understood as something else than they are.
  private static func checkArguments() throws {
    for (index, bytes) in CommandLine.rawArguments.enumerated() {
      // Swift mends what is not UTF-8 without a word; a prompt must not be changed behind its writer's back.
      guard let argument = String(validating: bytes, as: UTF8.self) else {
        throw ValidationError("argument \(index + 1) is not UTF-8; give such text in a file, in UTF-8")
      }
      if argument == "--" { return }
      // Not -h with more letters, but a text.
      if argument.utf8.starts(with: "-h".utf8), argument.utf8.count > 2 {
        throw ValidationError("“\(argument)” begins with a hyphen; put -- before a text that does")
      }
    }
  }

  /// Refuses a command that there is not, with those there are.
  private static func checkCommand() throws {
    guard let name = CommandLine.arguments.dropFirst().first, !name.hasPrefix("-"), name != "help" else { return }
    let commands = configuration.subcommands.map { $0._commandName }
    guard commands.contains(name) else {
      throw ValidationError("there is no command “\(name)”; give one of \(commands.joined(separator: ", "))")
    }
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
