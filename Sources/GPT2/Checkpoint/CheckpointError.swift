public import JSON

/// What is wrong with a checkpoint, and where; the description is one line that says what to do.
///
/// Files are named by the path they were opened under, tensors by the name without `transformer.` unless the fault is
/// in a file's own table of tensors.
public enum CheckpointError: Error, Hashable, Sendable {
  case folder(String, FolderProblem)
  case file(String, FileProblem)
  /// A file of JSON that is not. In a safetensors file the offset counts from the file's first byte.
  case json(file: String, JSONError)
  case configuration(file: String, ConfigurationProblem)
  case index(file: String, IndexProblem)
  /// The header of a safetensors file breaks the format.
  case header(file: String, HeaderProblem)
  /// One entry of a safetensors header breaks the format.
  case entry(String, file: String, EntryProblem)
  /// The file is sound, but the tensor is not what the model needs.
  case tensor(String, file: String, TensorProblem)
  /// The element at `index` (row-major) is NaN or infinite.
  case notFinite(tensor: String, file: String, index: Int)
  /// The element at `index` (row-major) is larger than the type that it is to be held in can be.
  case beyond(WeightType, tensor: String, file: String, index: Int, value: Float)
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    let (place, problem): (String, String) =
      switch self {
      case .folder(let path, let problem): (path, problem.description)
      case .file(let file, let problem): (file, problem.description)
      case .json(let file, let error): (file, error.description)
      case .configuration(let file, let problem): (file, problem.description)
      case .index(let file, let problem): (file, problem.description)
      case .header(let file, let problem): (file, problem.description)
      case .entry(let tensor, let file, let problem): (file, "tensor \(tensor.quoted) \(problem)")
      case .tensor(let tensor, let file, let problem): (file, "tensor \(tensor.quoted) \(problem)")
      case .notFinite(let tensor, let file, let index):
        (
          file,
          "tensor \(tensor.quoted) holds NaN or infinity at element \(index), expected finite weights;"
            + " the training run diverged or the file is damaged: fetch it again"
        )
      case .beyond(let type, let tensor, let file, let index, let value):
        (
          file,
          "tensor \(tensor.quoted) holds \(value) at element \(index), more than \(type.rawValue) can hold;"
            + " use --weights auto, or \(type == .f16 ? "bf16" : "f32")"
        )
      }
    return "\(place.oneLine(limit: 4096)): \(problem)"
  }
}
