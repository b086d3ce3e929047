import LibC

/// What of the input cannot be used.
enum InputError: Error, CustomStringConvertible {
  case unreadable(String, String)
  case notUTF8(String, offset: Int)
  case tooLong(String, limit: Int)
  case empty(String)
  case noLines(String)
  case noTokenizer(String)
  case notTokens(String, found: String)
  case notJSON(String, String)

  var description: String {
    switch self {
    case .unreadable(let name, let reason): "\(name): cannot read: \(reason); check the path and its permissions"
    case .notUTF8(let name, let offset):
      "\(name): byte \(offset) is not UTF-8; convert the text (iconv -t utf-8), or give --token-ids"
    case .tooLong(let name, let limit): "\(name): more than \(limit >> 20) MiB; give it in parts"
    case .empty(let name): "\(name): is empty; give a text with at least one character"
    case .noLines(let name): "\(name): no lines; give one a line"
    case .noTokenizer(let model):
      "\(model): has no tokenizer; add tokenizer.json, or vocab.json and merges.txt, or give --token-ids instead of text"
    case .notJSON(let place, let problem): "\(place): \(problem)"
    case .notTokens(let place, let found):
      "\(place): “\(found)” is no token id; give whole numbers from 0 with commas or spaces between them"
    }
  }
}
