internal import JSON

/// The tensors a configuration needs, being filled from the headers of a checkpoint's files.
struct TensorTable {
  /// What was given, but for a head that turns out to be stored beside the embedding.
  private(set) var configuration: Configuration
  /// Shapes by name: of every tensor that the model needs, and of the head's matrix even if it is tied.
  private let shapes: [ExactString: [Int]]
  private let masks: Set<ExactString>
  private var found: [ExactString: (tensor: StoredTensor, storedName: String)] = [:]
  /// Tensors, by their names in the files, that belong to other heads or to nothing that GPT-2 computes.
  private(set) var leftAside: [String] = []

  init(_ configuration: Configuration) {
    self.configuration = configuration
    var shapes = [ExactString(configuration.headTensor.name): configuration.headTensor.shape]
    for part in configuration.parts {
      for tensor in configuration.tensors(of: part) { shapes[ExactString(tensor.name)] = tensor.shape }
    }
    self.shapes = shapes
    masks = Set(configuration.maskTensors.map(ExactString.init))
  }

  /// Adds the tensors of one file; masks are passed over, and what is no tensor of GPT-2 is left aside, as transformers
  /// does. Throws on the first that GPT-2 has and this model cannot use.
  mutating func add(_ header: SafetensorsHeader, of source: ByteSource) throws(CheckpointError) {
    for entry in header.entries {
      let name = Self.canonical(entry.name)
      if masks.contains(ExactString(name)) { continue }
      if shapes[ExactString(name)] == nil, !isBeyondLastBlock(name) {
        if ExactString(name) == ExactString("lm_head.bias") { try Self.checkZeros(entry, source) }
        leftAside.append(entry.name)
        continue
      }
      try check(name, storedAs: entry.name, shape: entry.shape, file: source.name)
      try add(try Self.tensor(name, entry, source), storedAs: entry.name)
    }
  }

  private static func tensor(
    _ name: String, _ entry: SafetensorsHeader.Entry, _ source: ByteSource
  ) throws(CheckpointError) -> StoredTensor {
    guard let type = StoredTensor.ElementType(rawValue: entry.type.rawValue) else {
      throw .tensor(name, file: source.name, .wrongType(entry.type.rawValue))
    }
    return StoredTensor(
      name: name, elementType: type, shape: entry.shape, source: source, byteOffset: entry.bytes.lowerBound)
  }

  /// Throws unless a head's bias is as good as none.
  private static func checkZeros(_ entry: SafetensorsHeader.Entry, _ source: ByteSource) throws(CheckpointError) {
    let bias = try tensor(entry.name, entry, source)
    let piece = 1 << 16
    for start in stride(from: 0, to: bias.elementCount, by: piece) {
      let range = start..<min(start + piece, bias.elementCount)
      var isZero = true
      try bias.withFloats(in: range) { values throws(CheckpointError) in
        isZero = (0..<range.count).allSatisfy { values[$0] == 0 }
      }
      guard isZero else { throw .tensor(entry.name, file: source.name, .headBias) }
    }
  }

  /// Adds one tensor; throws when the model cannot use it.
  mutating func add(_ tensor: StoredTensor, storedAs storedName: String) throws(CheckpointError) {
    try check(tensor.name, storedAs: storedName, shape: tensor.shape, file: tensor.file)
    if let other = found[ExactString(tensor.name)] {
      throw .tensor(
        tensor.name, file: tensor.file,
        .duplicate(names: [other.storedName, storedName], otherFile: other.tensor.file))
    }
    found[ExactString(tensor.name)] = (tensor, storedName)
  }

  private func check(_ name: String, storedAs storedName: String, shape: [Int], file: String) throws(CheckpointError) {
    guard let expected = shapes[ExactString(name)] else {
      let layerCount = isBeyondLastBlock(name) ? configuration.layerCount : nil
      throw .tensor(storedName, file: file, .unknown(layerCount: layerCount))
    }
    guard shape == expected else { throw .tensor(name, file: file, .wrongShape(found: shape, expected: expected)) }
  }

  /// The tensors there are, by name.
  var tensors: [ExactString: StoredTensor] { found.mapValues(\.tensor) }

  /// The tensors of all parts by name; throws, in the name of `file`, if one is missing.
  func complete(file: String) throws(CheckpointError) -> [ExactString: StoredTensor] {
    var tensors: [ExactString: StoredTensor] = [:]
    for part in configuration.parts {
      for specification in configuration.tensors(of: part) {
        let name = ExactString(specification.name)
        guard let tensor = found[name]?.tensor else {
          if let other = leftAside.first(where: { $0.utf8.reversed().starts(with: specification.name.utf8.reversed()) })
          {
            throw .tensor(other, file: file, .otherName(missing: specification.name))
          }
          throw .tensor(specification.name, file: file, .missing)
        }
        tensors[name] = tensor
      }
    }
    return tensors
  }

  /// Decides, as transformers (5.24) does, what a head is that is stored although it is tied: a copy of the embedding is
  /// nothing more, a matrix of its own is the head, and where it stands alone it is the embedding too.
  mutating func settleStoredHead() throws(CheckpointError) {
    let name = ExactString(configuration.headTensor.name)
    guard configuration.tiesHead, let head = found[name] else { return }
    let embedding = ExactString("wte.weight")
    if let stored = found[embedding] {
      guard try head.tensor.hasValues(of: stored.tensor) else {
        configuration.tiesHead = false
        return
      }
    } else {
      found[embedding] = (head.tensor.named("wte.weight"), head.storedName)
    }
    found[name] = nil
  }

  /// The name without the prefix that models with a head of their own put before all other tensors.
  private static func canonical(_ name: String) -> String {
    let prefix = "transformer."
    guard name.utf8.starts(with: prefix.utf8) else { return name }
    return String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }

  /// Whether `name` is `h.` and digits that are not those of one of the configuration's blocks.
  private func isBeyondLastBlock(_ name: String) -> Bool {
    guard name.utf8.starts(with: "h.".utf8) else { return false }
    let digits = name.utf8.dropFirst(2).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard !digits.isEmpty else { return false }
    let text = String(decoding: digits, as: UTF8.self)
    guard let index = Int(text), String(index) == text else { return true }
    return index >= configuration.layerCount
  }
}
