import FoundationEssentials
import JSON

@testable import GPT2

/// GPT-2's own vocabulary, merges and published cases, third-party files that are not part of the project.
///
/// They are looked for in the folder that the environment variable `GPT2_SHARED` names, otherwise in a folder `shared`
/// beside one of the folders that this file is in.
enum GPT2Files {
  struct Case: Sendable {
    var text: String
    var tokens: [Int]
    var allowSpecial: Bool
  }

  static let folder: String? = {
    var candidates: [URL] = []
    if let path = ProcessInfo.processInfo.environment["GPT2_SHARED"] {
      candidates.append(URL(filePath: path))
    } else {
      var folder = URL(filePath: #filePath)
      while folder.pathComponents.count > 1 {
        folder.deleteLastPathComponent()
        candidates.append(folder.appending(path: "shared"))
      }
    }
    let found = candidates.map { $0.appending(path: "data/gpt2-tokenizer").path }
      .first { FileManager.default.fileExists(atPath: "\($0)/vocab.json") }
    if found == nil {
      print("SKIPPED: the tests with GPT-2's own vocabulary, because there is no shared/data/gpt2-tokenizer")
    }
    return found
  }()

  private static let made = Result { try Tokenizer(CheckpointFolder(path: folder!)) }

  static func tokenizer() throws -> Tokenizer { try made.get() }

  static func cases() throws -> [Case] {
    let bytes = try CheckpointFolder(path: folder!).read("cases.json", limit: 1 << 20)
    return try JSONValue(parsing: bytes).array!.map { value in
      let object = value.object!
      guard let text = object["text"]?.string, let tokens = object["ids"]?.array,
        case .boolean(let allowSpecial) = object["allow_special"]
      else { preconditionFailure("cases.json: \(value)") }
      return Case(text: text, tokens: tokens.map { $0.integer! }, allowSpecial: allowSpecial)
    }
  }
}
