internal import JSON
internal import Platform

extension CheckpointError {
  public enum FolderProblem: Hashable, Sendable {
    case missing
    /// There is something by that name, but files cannot be in it.
    case notAFolder
    /// No weights in a form that can be read; `found` are weights in other forms.
    case noWeights(found: [String])
    /// Weights split over files without the index that lists them.
    case shardsWithoutIndex(String)
  }

  public enum FileProblem: Hashable, Sendable {
    case missing
    case permissionDenied
    case directory
    /// A pipe, a device or a socket.
    case notAFile
    case empty
    case tooLarge(byteCount: Int, limit: Int)
    /// A file that holds one tensor and nothing else has not its size.
    case wrongSize(found: Int, expected: Int)
    /// A name that could lead out of the folder, or none at all.
    case invalidName
    /// Bytes that were there when the file was opened are gone.
    case shrunk(expected: Int, found: Int)
    /// Somebody wrote to the file after it was opened.
    case changed
    /// The system's refusal, `errno`, of `call`.
    case system(call: String, code: Int32)
  }
}

extension CheckpointError.FolderProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing: "no such folder, expected a Hugging Face GPT-2 checkpoint; check the path"
    case .notAFolder: "is not a folder; give the folder that holds config.json and model.safetensors"
    case .noWeights(let found):
      if found.isEmpty {
        "holds no model.safetensors and no model.safetensors.index.json; download the checkpoint's weights too"
      } else {
        "holds \(Self.list(found)) but no model.safetensors; only safetensors is read: convert with"
          + " transformers, GPT2LMHeadModel.from_pretrained(…).save_pretrained(folder)"
      }
    case .shardsWithoutIndex(let shard):
      "holds \(shard.quoted) but no model.safetensors and no model.safetensors.index.json;"
        + " download the index, which lists the shards (a single file must be named model.safetensors)"
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(3).map { $0.oneLine(limit: 100) }.joined(separator: ", ")
    return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
  }
}

extension CheckpointError.FileProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing: "no such file, expected it beside the checkpoint's other files; download it too"
    case .permissionDenied: "permission denied; make the file (and its folder) readable for this user"
    case .directory: "is a folder, expected a file"
    case .notAFile: "is not an ordinary file (a pipe, device or socket), expected one"
    case .empty: "is empty (0 bytes); was the download cut short? fetch it again"
    case .tooLarge(let byteCount, let limit): "has \(byteCount) bytes, expected at most \(limit); is it the right file?"
    case .wrongSize(let found, let expected):
      "has \(found) bytes, expected the \(expected) of its tensor; remove it, and it is fetched again"
    case .invalidName:
      "is not the name of a file in this folder, expected one without \"/\", \"\\\" and control characters"
    case .shrunk(let expected, let found):
      "became shorter while it was in use: \(found) bytes, expected \(expected); stop whatever writes to it, then start again"
    case .changed: "was written to while it was in use; stop whatever writes to it, then start again"
    case .system(let call, let code): "\(call) failed: \(systemMessage(code)) (errno \(code))"
    }
  }
}
