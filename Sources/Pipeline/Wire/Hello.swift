/// A worker introduces itself.
public struct Hello: Hashable, Sendable {
  /// What people call the worker.
  public var name: String
  /// Random, new with every start; name and incarnation together are the routing id.
  public var incarnation: UInt64
  /// Random, of the process and the same in all of its incarnations: who says hello again with it has not died.
  public var process: UInt64
  /// Of the program, for messages.
  public var programVersion: String
  /// Instruction set.
  public var kernels: String
  public var threads: Int
  /// Bytes the worker offers for weights and cache.
  public var memory: Int
  /// Cores of its machine, and what identifies the machine: workers of one host share them.
  public var cores: Int
  public var host: String
  /// Where the previous stage reaches it.
  public var address: String
  /// Its checkpoint's folder, for messages; empty when it has none.
  public var folder: String
  /// Fingerprint of its checkpoint's configuration, 32 bytes; empty when it has none.
  public var configuration: [UInt8]
  /// How it was told to hold matrices in memory, by name; empty where it takes what the coordinator has.
  public var weights: String

  public init(
    name: String, incarnation: UInt64, process: UInt64 = 0, programVersion: String, kernels: String, threads: Int,
    memory: Int,
    cores: Int, host: String, address: String, folder: String, configuration: [UInt8], weights: String = ""
  ) {
    self.name = name
    self.incarnation = incarnation
    self.process = process
    self.programVersion = programVersion
    self.kernels = kernels
    self.threads = threads
    self.memory = memory
    self.cores = cores
    self.host = host
    self.address = address
    self.folder = folder
    self.configuration = configuration
    self.weights = weights
  }
}

extension Hello: MessageBody {
  static var kind: Message.Kind { .hello }

  init(_ reader: inout WireReader) throws(WireError) {
    name = try reader.text("name", in: WireLimits.workerName)
    incarnation = try reader.anyLong()
    process = try reader.anyLong()
    programVersion = try reader.text("programVersion", in: WireLimits.name)
    kernels = try reader.text("kernels", in: WireLimits.name)
    threads = try reader.word("threads", in: WireLimits.threads)
    memory = try reader.long("memory", in: WireLimits.byteCount)
    cores = try reader.word("cores", in: WireLimits.threads)
    host = try reader.text("host", in: WireLimits.name)
    address = try reader.text("address", in: WireLimits.address)
    folder = try reader.text("folder", in: WireLimits.sentence)
    configuration = try reader.flag("configuration") ? reader.bytes(WireLimits.fingerprint) : []
    weights = try reader.text("weights", in: WireLimits.weights)
  }

  func write(to writer: inout WireWriter) {
    writer.sentence(name, in: WireLimits.workerName)
    writer.anyLong(incarnation)
    writer.anyLong(process)
    writer.sentence(programVersion, in: WireLimits.name)
    writer.sentence(kernels, in: WireLimits.name)
    writer.word(threads, in: WireLimits.threads)
    writer.long(memory, in: WireLimits.byteCount)
    writer.word(cores, in: WireLimits.threads)
    writer.sentence(host, in: WireLimits.name)
    writer.name(address, in: WireLimits.address)
    writer.sentence(folder, in: WireLimits.sentence)
    writer.flag(!configuration.isEmpty)
    if !configuration.isEmpty { writer.bytes(configuration, exactly: WireLimits.fingerprint) }
    writer.sentence(weights, in: WireLimits.weights)
  }
}
