internal import JSON

/// What stands beside a vocabulary: `tokenizer_config.json`, and where that has no `added_tokens_decoder`, as files of
/// before 2023 have not, `special_tokens_map.json` and `added_tokens.json`.
///
/// This is `from_pretrained` of transformers 5, case by case; docs/MODELS.md says what comes of it. Where that fails
/// with a type error and transformers 4 did not, on objects that are not marked as added tokens, this reads the object.
struct TokenizerConfiguration {
  /// A token as the files name it.
  enum Name: Hashable {
    case content(String)
    case token(AddedToken)

    var content: String {
      switch self {
      case .content(let content): content
      case .token(let token): token.content
      }
    }
  }

  /// The names that transformers has attributes for, in its order.
  static let attributes = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  let config: TokenizerSetting
  /// Empty where it does not count.
  let map: TokenizerSetting
  let isGPT2: Bool
  /// Listed added tokens, by the ids that the files give them, which say no more than their order.
  private(set) var listed: [AddedToken] = []
  /// The named tokens that there are.
  private(set) var names: [(key: String, name: Name)] = []
  /// Special tokens without a name.
  private(set) var extras: [Name] = []

  /// - Parameters:
  ///   - added: `added_tokens.json`.
  ///   - ownAdded: `added_tokens` of `tokenizer.json`.
  init(
    config: TokenizerSetting, map: TokenizerSetting, added: TokenizerSetting, ownAdded: [(id: Int, token: AddedToken)],
    class kind: TokenizerClass
  ) throws(TokenizerError) {
    self.config = config
    isGPT2 = kind == .gpt2
    let decoder = try config["added_tokens_decoder"]
    self.map = decoder.value == nil ? map : .none(file: map.file)
    let (listedExtras, extras) = try readExtras()
    self.extras = extras

    var byID: [Int: AddedToken] = [:]
    if decoder.value != nil {
      for member in try decoder.object().members {
        let entry = decoder.member(member)
        guard let id = Int(member.key) else {
          throw entry.refused(name: member.key, expected: "a token id as its name")
        }
        byID[id] = try AddedToken(entry)
      }
    } else {
      // Not those that the class names by itself, objects of tokenizer_config.json, and additional ones of
      // special_tokens_map.json.
      var special = Set(listedExtras.map { ExactString($0.content) })
      for key in Self.attributes {
        guard case .some(.some(let name)) = try name(key) else { continue }
        let isMapped = try self.map.object()[key] != nil
        if isMapped || name == .content(name.content) { special.insert(ExactString(name.content)) }
      }
      for member in try added.object().members {
        let entry = added.member(member)
        guard let id = member.value.integer else { throw entry.refused(expected: "an integer") }
        let isSpecial = special.contains(ExactString(member.key))
        byID[id] = AddedToken(
          content: try AddedToken.checked(member.key, entry), isSpecial: isSpecial, normalized: !isSpecial)
      }
      for (id, token) in ownAdded { byID[id] = token }
    }
    listed = byID.sorted { $0.key < $1.key }.map(\.value)
    names = try readNames()
  }

  /// The tokens to add to those of `tokenizer.json`, which are there already.
  func additions(to known: [AddedToken]) -> [AddedToken] {
    var adding = listed.map { Name.token($0) }
    let contents = Set((known.map(\.content) + adding.map(\.content)).map(ExactString.init))
    var seen = Set(adding)
    for name in names.map(\.name) + extras where !contents.contains(ExactString(name.content)) {
      if seen.insert(name).inserted { adding.append(name) }
    }
    let named = Set(names.map { ExactString($0.name.content) })
    return adding.map { name in
      switch name {
      case .content(let content): return AddedToken(content: content, isSpecial: true)
      case .token(var token):
        if named.contains(ExactString(token.content)) { token.isSpecial = true }
        return token
      }
    }
  }

  func content(of key: String) -> String? { names.first { $0.key == key }?.name.content }

  /// A setting that is true or false, false where there is none.
  func flag(_ key: String) throws(TokenizerError) -> Bool {
    let mapped = try map[key].boolean()
    let said = try config[key].boolean()
    return mapped ?? said ?? false
  }
}

extension TokenizerConfiguration {
  /// The token that the files name `key`; nil where they say nothing, and nil inside where they say that there is none.
  private func name(_ key: String) throws(TokenizerError) -> Name?? {
    let isMapped = try map.object()[key] != nil
    let isSaid = try config.object()[key] != nil
    guard isMapped || isSaid else { return .none }
    let setting = isMapped ? try map[key] : try config[key]
    return .some(setting.value == nil ? nil : try read(setting, isSpecial: isMapped))
  }

  /// - Parameter isSpecial: whether an object is a special token, whatever it says.
  private func read(_ setting: TokenizerSetting, isSpecial: Bool) throws(TokenizerError) -> Name {
    switch setting.value {
    case .string(let content): return .content(try AddedToken.checked(content, setting))
    case .object:
      var token = try AddedToken(setting)
      if isSpecial { token.isSpecial = true }
      return .token(token)
    default: throw setting.refused(expected: "a token, as a string or an object")
    }
  }

  private func readNames() throws(TokenizerError) -> [(key: String, name: Name)] {
    var names: [(key: String, name: Name)] = []
    for key in Self.attributes {
      let found = try name(key)
      let isDefault = isGPT2 && ["bos_token", "eos_token", "unk_token"].contains(key)
      if let found {
        guard let name = found else { continue }
        let known = listed.last { ExactString($0.content) == ExactString(name.content) }
        names.append((key, known.map { .token($0) } ?? name))
      } else if isDefault {
        names.append((key, .content(AddedToken.endOfText)))
      }
    }
    // Names of the model's own: those of objects and of special_tokens_map.json come first.
    var own: [(key: String, name: Name)] = []
    var places: [ExactString: Int] = [:]
    func add(_ key: String, _ name: Name) {
      if let place = places[ExactString(key)] {
        own[place].name = name
      } else {
        places[ExactString(key)] = own.count
        own.append((key, name))
      }
    }
    func isOwn(_ key: String) -> Bool { key.hasSuffix("_token") && !Self.attributes.contains(key) }
    for member in try config.object().members where isOwn(member.key) {
      if member.value.object?["__type"] != nil { add(member.key, try read(config.member(member), isSpecial: false)) }
    }
    for member in try map.object().members where isOwn(member.key) {
      if member.value.string ?? member.value.object.map({ _ in "" }) != nil {
        add(member.key, try read(map.member(member), isSpecial: true))
      }
    }
    for member in try config.object().members where isOwn(member.key) && member.value.string != nil {
      add(member.key, try read(config.member(member), isSpecial: false))
    }
    for setting in try [config["extra_special_tokens"], map["extra_special_tokens"]] {
      for member in setting.value?.object?.members ?? [] {
        add(member.key, try read(setting.member(member), isSpecial: false))
      }
    }
    return names + own
  }

  /// Extra tokens, and those of them that added_tokens.json goes by.
  private func readExtras() throws(TokenizerError) -> (listed: [Name], all: [Name]) {
    let (said, mapped) = (try config.object(), try map.object())
    // nil where no list is given, which is not the same as an empty one.
    var extras: [Name]?
    let extra = try config["extra_special_tokens"]
    if said["extra_special_tokens"] != nil, extra.value?.object == nil { extras = try list(extra, isSpecial: false) }
    let isSaid = extra.value?.object?.members.isEmpty == false || extras?.isEmpty == false
    var additional = said["additional_special_tokens"] == nil ? nil : try config["additional_special_tokens"]
    if let list = additional, !isSaid {
      extras = try self.list(list, isSpecial: false)
      additional = nil
    }
    var listed = (extras ?? []).filter { $0 == .content($0.content) }
    var isMapped = false
    if mapped["extra_special_tokens"] != nil {
      let more = try map["extra_special_tokens"]
      let names = try list(more, isSpecial: true)
      listed += names
      var seen = Set(extras ?? [])
      extras = more.value?.object == nil ? (extras ?? []) + names.filter { seen.insert($0).inserted } : nil
    }
    if mapped["additional_special_tokens"] != nil {
      additional = try map["additional_special_tokens"]
      isMapped = true
    }
    if extras == nil, let additional { return ([], try list(additional, isSpecial: isMapped)) }
    return (listed, extras ?? [])
  }
  private func list(_ setting: TokenizerSetting, isSpecial: Bool) throws(TokenizerError) -> [Name] {
    if setting.value == nil || setting.value?.object != nil { return [] }
    var names: [Name] = []
    for (index, value) in try setting.elements().enumerated() {
      names.append(try read(setting.element(index, value), isSpecial: isSpecial))
    }
    return names
  }
}
