import GPT2
import LibC

/// The folder that `--model` names, looked at before anything is read from it.
enum ModelFolder {
  /// - Parameter isForTokenizer: whether only its tokenizer is asked for, which needs no `config.json`.
  /// - Throws: ``ModelFolderError`` for what is no folder with a `config.json`.
  static func open(_ path: String, isForTokenizer: Bool = false) throws(ModelFolderError) -> CheckpointFolder {
    switch problem(with: path) {
    case nil: break
    case .noConfiguration where isForTokenizer: break
    case let problem?: throw ModelFolderError(path: path, problem: problem)
    }
    return CheckpointFolder(path: path)
  }

  private static func problem(with path: String) -> ModelFolderError.Problem? {
    switch kind(of: path) {
    case S_IFDIR:
      // Anything but its absence is said better by the attempt to open it.
      guard kind(of: "\(path)/config.json") == nil, errno == ENOENT else { return nil }
      return .noConfiguration(files: entries(of: path))
    case nil where errno == ENOENT || errno == ENOTDIR:
      if path.hasPrefix("~") { return .homeNotReplaced }
      return repository(path).map { .nothingByThisName(repository: $0) } ?? .missing
    case nil: return nil
    default: return .notAFolder
    }
  }

  /// The kind of file that is at a path; nil with `errno` set when there is none.
  private static func kind(of path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  private static func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while names.count < 1000, let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// The models of OpenAI and the one distilled from them, by the names that people give them.
  private static let known = [
    "gpt2": "openai-community/gpt2", "gpt2-medium": "openai-community/gpt2-medium",
    "gpt2-large": "openai-community/gpt2-large", "gpt2-xl": "openai-community/gpt2-xl",
    "distilgpt2": "distilbert/distilgpt2",
  ]

  /// What a name that is no path means at Hugging Face, as OWNER/NAME, or NAME alone; nil for a path.
  static func repository(_ name: String) -> String? {
    var rest = Substring(name)
    for prefix in ["https://", "http://", "hf://", "hf:", "huggingface.co/", "hf.co/"] where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
    }
    let isAddress = rest.count < name.count
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
    let isName = parts.allSatisfy { part in
      !part.isEmpty && !part.hasPrefix(".")
        && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
    guard isName else { return nil }
    if let full = known[rest.lowercased()] { return full }
    guard parts.count == 2 || (parts.count == 1 && !isAddress) else { return nil }
    // `models/gpt2`, where there is a folder `models`.
    if !isAddress, parts.count == 2, kind(of: String(parts[0])) == S_IFDIR { return nil }
    return String(rest)
  }

  /// A command for a shell that fetches a model into a folder of this place; nil when nobody knows whose model it is.
  static func fetching(_ repository: String) -> String? {
    guard let slash = repository.firstIndex(of: "/") else { return nil }
    let folder = repository[repository.index(after: slash)...]
    guard known.values.contains(repository) else {
      return "hf download \(repository) --include \"*.json\" --include \"*.txt\" --include \"*.safetensors\" "
        + "--local-dir \(folder)"
    }
    let files =
      "config.json,generation_config.json,model.safetensors,vocab.json,merges.txt,tokenizer.json,tokenizer_config.json"
    return "curl -fL --create-dirs --output-dir \(folder) --remote-name-all "
      + "\"https://huggingface.co/\(repository)/resolve/main/{\(files)}\""
  }
}
