internal import JSON

extension Tokenizer {
  /// The largest file that is read, in bytes; GPT-2's are about one million.
  private static let fileLimit = 64 << 20

  /// Reads the tokenizer of a checkpoint: `tokenizer.json`, or, where there is none, `vocab.json` and `merges.txt`; and
  /// beside either what ``TokenizerConfiguration`` reads.
  ///
  /// Blocks while it reads and builds its tables, about a tenth of a second for GPT-2's 50,257 tokens.
  public init(_ folder: CheckpointFolder) throws(TokenizerError) {
    var files: [String] = []
    /// The file, or what stands for it where there is none.
    func read(_ name: String) throws(TokenizerError) -> TokenizerSetting {
      let path = folder.path(of: name)
      guard folder.contains(name) else { return .none(file: path) }
      files.append(name)
      return TokenizerSetting(
        path: "", file: path, value: try TokenizerDescription.json(Self.read(name, folder), file: path))
    }
    let isSingleFile = folder.contains("tokenizer.json")
    if !isSingleFile { try Self.checkFiles(folder) }
    let config = try read("tokenizer_config.json")
    var kind = try TokenizerClass(name: Self.className(config, folder))
    var description: TokenizerDescription
    var own: [(id: Int, token: AddedToken)] = []
    if isSingleFile {
      let root = try read("tokenizer.json")
      description = try TokenizerDescription(tokenizer: root, class: kind)
      own = try TokenizerDescription.added(root)
    } else {
      // transformers has no other class for these files.
      kind = .gpt2
      description = try TokenizerDescription(
        vocabulary: Self.read("vocab.json", folder), file: folder.path(of: "vocab.json"),
        merges: Self.read("merges.txt", folder), file: folder.path(of: "merges.txt"))
      files += ["vocab.json", "merges.txt"]
    }
    let isLegacy = try config["added_tokens_decoder"].value == nil
    let configuration = try TokenizerConfiguration(
      config: config, map: isLegacy ? read("special_tokens_map.json") : .none(file: config.file),
      added: isLegacy ? read("added_tokens.json") : .none(file: config.file), ownAdded: own, class: kind)
    try description.take(configuration, class: kind, hasTemplate: isSingleFile)
    try self.init(description)
    settings.files = files.sorted()
  }

  /// What transformers goes by: the class in `tokenizer_config.json`, or in `config.json`, or GPT-2's for its model.
  private static func className(
    _ config: TokenizerSetting, _ folder: CheckpointFolder
  ) throws(TokenizerError) -> TokenizerSetting {
    let name = try config["tokenizer_class"]
    let file = "config.json"
    // What is wrong with config.json is for who reads the model to tell.
    guard name.value == nil, folder.contains(file),
      let bytes = try? folder.read(file, limit: fileLimit),
      let model = (try? TokenizerDescription.json(bytes, file: file))?.object
    else { return name }
    let path = folder.path(of: file)
    if let value = model["tokenizer_class"], value.string != nil {
      return TokenizerSetting(path: "tokenizer_class", file: path, value: value)
    }
    return TokenizerSetting(
      path: "model_type", file: path, value: model["model_type"]?.string == "gpt2" ? .string("GPT2Tokenizer") : nil)
  }

  /// Throws unless there are both `vocab.json` and `merges.txt`.
  private static func checkFiles(_ folder: CheckpointFolder) throws(TokenizerError) {
    let missing = ["vocab.json", "merges.txt"].filter { !folder.contains($0) }
    if missing.isEmpty { return }
    do throws(CheckpointError) { try folder.checkExistence() } catch { throw .unreadable(error) }
    if let (file, kind) = TokenizerKind.files.first(where: { folder.contains($0.name) }) {
      throw .kind(file: folder.path(of: file), kind)
    }
    if folder.contains("encoder.json"), folder.contains("vocab.bpe") { throw .folder(folder.name, .firstNames) }
    throw .folder(folder.name, missing.count == 1 ? .half(missing: missing[0]) : .noTokenizer)
  }

  private static func read(_ file: String, _ folder: CheckpointFolder) throws(TokenizerError) -> [UInt8] {
    do throws(CheckpointError) { return try folder.read(file, limit: fileLimit) } catch { throw .unreadable(error) }
  }
}

extension TokenizerDescription {
  /// Takes over what stands beside the vocabulary.
  ///
  /// - Parameter hasTemplate: whether `tokenizer.json` has the last word about what is put before and after a text.
  mutating func take(
    _ configuration: TokenizerConfiguration, class kind: TokenizerClass, hasTemplate: Bool
  ) throws(TokenizerError) {
    added.append(configuration.additions(to: added.joined().map { $0 }))
    named = NamedTokens(
      beginning: configuration.content(of: "bos_token"), end: configuration.content(of: "eos_token"),
      unknown: configuration.content(of: "unk_token"))
    splitsSpecial = try configuration.flag("split_special_tokens")
    if kind == .gpt2, try configuration.flag("add_prefix_space") {
      preTokenization = PreTokenization(steps: [.byteLevel(addsPrefixSpace: true, usesPattern: true)])
    }
    guard !hasTemplate else { return }
    if try configuration.flag("add_bos_token"), let beginning = named.beginning {
      template.prefix.append(.named(beginning))
    }
    if try configuration.flag("add_eos_token"), let end = named.end { template.suffix.append(.named(end)) }
  }
}
