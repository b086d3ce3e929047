import ArgumentParser
import Coordinator
import Dispatch
import FoundationEssentials
import GPT2
import LibC
import Logging
import Pipeline
import Server
import Synchronization
import ZeroMQ

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve an OpenAI-style API and a web page.",
    discussion: """
      Open the address in a browser to watch the pipeline and to write with it. Programs talk to it as they talk to \
      OpenAI's completions API. Calls to copy are in docs/API.md.

        gpt2 serve
        gpt2 serve --model ~/gpt2 --spawn 2 --port 9000
        curl http://127.0.0.1:8080/v1/completions -d '{"prompt": "ROMEO:"}'

      Ctrl-C or SIGTERM stops it: new requests are refused, running ones are finished within --drain seconds, and the \
      exit code is 0. A second Ctrl-C ends it at once.
      """)

  @OptionGroup(title: "Address Options") var place: ListenOptions
  @OptionGroup(title: "Model Options") var model: ModelOptions

  @Option(help: ArgumentHelp("The model's name for clients. (default: the folder's)", valueName: "name"))
  var modelName: String?

  @Option(
    help: ArgumentHelp("Let in only who names a key of this file, one a line.", valueName: "file"), completion: .file())
  var apiKeyFile: String?

  @Option(help: ArgumentHelp("Most texts written or waiting at once; beyond, requests get 429.", valueName: "n"))
  var maxRequests: Int = 256

  @Option(help: ArgumentHelp("Texts written at the same time.", valueName: "n"))
  var batch: Int = 32

  @Option(help: ArgumentHelp("Most seconds that what runs is given to finish at the end.", valueName: "seconds"))
  var drain: Int = 30

  @Option(
    help: ArgumentHelp(
      "Take requests for this host too; repeatable. (default: names of this machine, or any if --http is on a network)",
      valueName: "name"))
  var allowedHost: [String] = []

  @Option(
    help: ArgumentHelp(
      "Let pages from here call the API, as http://localhost:3000, or * for all; repeatable. (default: its own page)",
      valueName: "origin"))
  var corsOrigin: [String] = []

  @Option(help: ArgumentHelp("How the log on standard error is written.", valueName: "format"))
  var logFormat: LogFormat = .text

  @Option(help: ArgumentHelp("The least important lines of the log that are written.", valueName: "level"))
  var logLevel: LogLevel = .info

  @OptionGroup(title: "Cluster Options") var cluster: ClusterOptions

  mutating func validate() throws {
    _ = try hosts()
    do {
      _ = try AllowedOrigins(corsOrigin)
    } catch {
      throw ValidationError("\(error)")
    }
    guard (1...100_000).contains(maxRequests) else {
      throw ValidationError("--max-requests \(maxRequests): give a number from 1 to 100000")
    }
    guard (1...1024).contains(batch) else { throw ValidationError("--batch \(batch): give a number from 1 to 1024") }
    guard (0...3600).contains(drain) else { throw ValidationError("--drain \(drain): give 0 to 3600 seconds") }
    if modelName?.isEmpty == true { throw ValidationError("--model-name is empty; give a name or leave it out") }
    // Enough for the page's last seconds.
    if cluster.trace == nil { cluster.timelineLimit = 4096 }
  }

  private func hosts() throws -> [HostName] {
    try allowedHost.map { text in
      guard let name = HostName(text) else {
        throw ValidationError("--allowed-host \(text): give a name or an address without a port, as model.example")
      }
      return name
    }
  }

  func run() async throws {
    Terminal.setVerbosity(.stats)
    let address = try place.address()
    let keys = try apiKeyFile.map { try APIKeys(file: $0) }
    guard let tokenizer = try model.tokenizer() else { throw ServerError.noTokenizer(model: try model.folder.name) }
    let logger = {
      var logger = Logger(label: "gpt2") { _ in LineLog(format: logFormat) }
      logger.logLevel = logLevel.level
      return logger
    }()
    var options = ServerOptions(
      host: address.host, port: address.port, model: modelName ?? Self.name(of: model), version: ProgramVersion.current,
      keys: keys,
      textLimit: maxRequests, drain: .seconds(drain), origins: try AllowedOrigins(corsOrigin), hosts: try hosts())
    options.isDemo = model.model == nil
    options.limits.descriptors = { DescriptorLimit.current }
    if !options.isLoopback, keys == nil {
      logger.warning(
        "anybody who can reach \(address.shownHost):\(address.port) can use this server: it needs no key; give --api-key-file FILE"
      )
    }
    // All that would be notes is in the log.
    Terminal.sendNotes { logger.log(level: $1 ? .critical : .notice, "\($0)") }
    let audience = NoticeRelay()
    let session = try CommandSession(
      model, cluster, slotCount: batch, waitingLimit: maxRequests + 128, comesAgain: true,
      observer: { audience.hear($0) })
    session.compare(tokenizer)
    options.settings = ModelSettings(session.checkpoint, tokenizer)
    let server = Server(
      options, engine: session.engine, tokenizer: tokenizer, created: Int(Date().timeIntervalSince1970), logger: logger)
    audience.relay { [weak server] in server?.note($0) }
    let signals = EndSignals { server.end() }
    defer { signals.cancel() }
    let engine = session.engine
    let serving = Task {
      // Whoever waits for the cluster waits no longer than there is a server.
      defer { engine.stop() }
      try await server.run { logger.notice("listening", metadata: ["url": "http://\(address.shownHost):\($0)"]) }
    }
    // Says who holds what; that no cluster comes to be is the server's to say.
    do { try await session.ready() } catch is ClusterError {}
    // However it ends, workers are told so before the program does.
    defer { engine.waitForEnd() }
    try await serving.value
    try session.close(tells: false)
  }

  private static func name(of model: ModelOptions) -> String {
    guard let path = model.model else { return "gpt2-demo" }
    let name = URL(filePath: path).standardizedFileURL.lastPathComponent
    return name.isEmpty || name == "/" ? "gpt2" : name
  }
}

/// Passes on what an engine says, and keeps what it says before somebody listens.
private final class NoticeRelay: Sendable {
  private struct State {
    var early: [EngineNotice] = []
    var listener: (@Sendable (EngineNotice) -> Void)?
  }

  private let state = Mutex(State())

  func hear(_ notice: EngineNotice) {
    let listener = state.withLock { state in
      if state.listener == nil { state.early.append(notice) }
      return state.listener
    }
    listener?(notice)
  }

  func relay(_ listener: @escaping @Sendable (EngineNotice) -> Void) {
    let early = state.withLock { state in
      state.listener = listener
      defer { state.early = [] }
      return state.early
    }
    for notice in early { listener(notice) }
  }
}
