import ArgumentParser
import Pipeline
import ZeroMQ

/// Who may take part.
struct SecurityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The secret key of this member, made by gpt2 keygen. (default on one machine: a key of this user)",
      valueName: "file"), completion: .file())
  var key: String?

  @Flag(
    help: "Encrypt nothing and let everybody in who can reach the addresses.")
  var insecure = false

  /// The key pair of the file, or of this user where only this machine can reach all of the addresses; nil when nothing is to be
  /// encrypted.
  func keyPair(for addresses: [String]) throws -> CurveKeyPair? {
    if let key { return try CurveKeyPair(file: key) }
    guard !insecure, addresses.allSatisfy({ (try? Address($0))?.isLocal ?? false }) else { return nil }
    return try .ofThisUser()
  }

  /// Refuses an address that others can reach when there is no key.
  func check(_ address: String, flag: String) throws {
    let parsed: Address
    do throws(ZeroMQError) { parsed = try Address(address) } catch { throw ValidationError("\(flag) \(error)") }
    guard case .tcp = parsed else { throw ValidationError("\(flag) \(address): give an address as tcp://HOST:PORT") }
    guard parsed.isLocal || key != nil || insecure else {
      throw ValidationError(
        "\(flag) \(address): others can reach this address; make a key with gpt2 keygen FILE and give --key FILE everywhere, or spell out --insecure"
      )
    }
  }
}
