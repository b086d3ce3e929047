import GPT2
import LibC

/// Why a model cannot be had from where `--model` says.
struct ModelFolderError: Error, CustomStringConvertible {
  enum Problem: Equatable {
    /// A path that leads nowhere.
    case missing
    /// A name, with what it means at Hugging Face.
    case nothingByThisName(repository: String)
    case homeNotReplaced
    case notAFolder
    case noConfiguration(files: [String])
  }

  let path: String
  let problem: Problem

  var description: String {
    switch problem {
    case .missing: "--model \(path): there is no such folder; check the path"
    case .nothingByThisName(let repository):
      if let command {
        "--model \(path): there is no folder “\(path)” here, and gpt2 does not fetch models by name; fetch it with "
          + (command.hasPrefix("hf") ? "hf (pip install -U huggingface_hub)" : "the command below")
          + ", then give --model ./\(folder(repository))"
      } else {
        "--model \(path): there is no folder “\(path)” here, and gpt2 does not fetch models by name; give the path of a "
          + "folder with config.json, model.safetensors, vocab.json and merges.txt"
      }
    case .homeNotReplaced:
      "--model \(path): there is no folder “\(path)”; the shell replaces ~ only at the beginning of a word without "
        + "quotes, as in --model ~/gpt2; write $HOME instead"
    case .notAFolder: notAFolder
    case .noConfiguration(let files):
      if let inner = Self.snapshot(in: path, files) {
        "--model \(path): there is no config.json; Hugging Face's cache has it deeper; give --model \(inner)"
      } else {
        "--model \(path): there is no config.json; give a folder with config.json, model.safetensors, vocab.json and "
          + "merges.txt" + (files.isEmpty ? "; this one is empty" : "; this one has \(Self.list(files))")
      }
    }
  }

  /// A command on a line of its own, to be copied.
  var command: String? {
    if case .nothingByThisName(let repository) = problem { ModelFolder.fetching(repository) } else { nil }
  }

  private func folder(_ repository: String) -> Substring { repository.split(separator: "/").last ?? "" }

  private var notAFolder: String {
    let name = path.lowercased()
    if name.hasSuffix(".gguf") || name.hasSuffix(".ggml") {
      return "--model \(path): is a file of llama.cpp; give a folder in Hugging Face's layout (config.json, "
        + "model.safetensors, vocab.json and merges.txt)"
    }
    guard name.hasSuffix(".safetensors") || name.hasSuffix(".json") || name.hasSuffix(".bin") else {
      return "--model \(path): is no folder; give the folder with config.json and model.safetensors"
    }
    let parent = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
    return "--model \(path): is a file; give its folder: --model \(parent)"
  }

  /// The folder of a snapshot in Hugging Face's cache, where that is what it is.
  private static func snapshot(in path: String, _ files: [String]) -> String? {
    guard files.contains("snapshots"), let directory = opendir("\(path)/snapshots") else { return nil }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      let inner = "\(path)/snapshots/\(name)"
      if !name.hasPrefix("."), access("\(inner)/config.json", F_OK) == 0 { return inner }
    }
    return nil
  }

  private static func list(_ files: [String]) -> String {
    files.prefix(4).joined(separator: ", ") + (files.count > 4 ? " and \(files.count - 4) more" : "")
  }
}
