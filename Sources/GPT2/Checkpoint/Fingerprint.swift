import CSodium
internal import JSON

/// What identifies a tensor, a slice of a model or a whole checkpoint: 32 bytes of BLAKE2b.
///
/// - A tensor's is the hash of `"gpt2 tensor 1\n"`, its name without `transformer.`, its element type and its shape as
///   the line `name type size,size\n`, and its bytes as they are stored.
/// - That of several tensors is the hash of `"gpt2 tensors 1\n"`, the configuration's line, and for every tensor, sorted
///   by the bytes of the names, the line `name hexadecimal\n` with the tensor's own fingerprint.
///
/// So it does not depend on how a checkpoint is cut into files or whether names have a prefix, and whoever holds only
/// some of the tensors can compare those.
public struct Fingerprint: Hashable, Sendable {
  public static let byteCount = 32
  /// Always 32.
  public let bytes: [UInt8]

  /// Nil unless there are 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Reads 64 hexadecimal digits, as ``description`` writes them; nil for anything else.
  public init?(hexadecimal: String) {
    let digits = Array(hexadecimal.utf8)
    guard digits.count == 2 * Self.byteCount else { return nil }
    var bytes: [UInt8] = []
    for pair in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(digits[pair]), let low = Self.value(digits[pair + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  /// The fingerprint of a model, or a slice of one, from those of its tensors in any order. A name twice traps.
  public init(_ configuration: Configuration, _ tensors: some Sequence<(name: String, fingerprint: Fingerprint)>) {
    var hasher = Hasher("gpt2 tensors 1\n")
    hasher.update(configuration.fingerprintLine)
    var previous: String?
    for (name, fingerprint) in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
      precondition(previous.map(ExactString.init) != ExactString(name), "a tensor is in the list twice")
      previous = name
      hasher.update("\(name) \(fingerprint)\n")
    }
    self = hasher.finish()
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

extension Fingerprint: CustomStringConvertible {
  /// 64 hexadecimal digits in lower case.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension Fingerprint {
  /// BLAKE2b over bytes that come piece by piece.
  struct Hasher: ~Copyable {
    private let state: OpaquePointer

    /// libsodium chooses its code for this processor here; safe from any thread, and cheap when done already.
    private static let isReady = sodium_init() >= 0

    /// Begins with a text that tells one use of the hash from another.
    init(_ purpose: String) {
      precondition(Self.isReady, "libsodium does not start")
      let memory = UnsafeMutableRawPointer.allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
      state = OpaquePointer(memory)
      precondition(crypto_generichash_init(state, nil, 0, Fingerprint.byteCount) == 0)
      update(purpose)
    }

    deinit {
      UnsafeMutableRawPointer(state).deallocate()
    }

    mutating func update(_ text: String) {
      var text = text
      text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
      let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      precondition(crypto_generichash_update(state, start, UInt64(bytes.count)) == 0)
    }

    consuming func finish() -> Fingerprint {
      var bytes = [UInt8](repeating: 0, count: Fingerprint.byteCount)
      precondition(crypto_generichash_final(state, &bytes, bytes.count) == 0)
      guard let fingerprint = Fingerprint(bytes: bytes) else { preconditionFailure("made with that many bytes") }
      return fingerprint
    }
  }
}
