public import GPT2
internal import LibC
public import MicroBatching
public import Pipeline

/// Why a worker cannot have the weights of its assignment.
public enum WeightsError: Error, Hashable, Sendable {
  /// The worker's own checkpoint is of another configuration than the coordinator's.
  case otherConfiguration(folder: String)
  /// A tensor of the worker's own checkpoint is not the coordinator's.
  case otherTensor(String, file: String, found: Fingerprint, expected: Fingerprint)
  /// The coordinator takes the worker's files for its own, but it has none.
  case nothingToShare
  case blocksOutOfRange(LayerRange, layerCount: Int)
  case wrongTensorCount(found: Int, expected: Int)
  case wrongDescription(of: String, found: TensorDescription)
  /// A piece arrived that was not asked for, or not yet; nil when none was.
  case unexpectedPiece(tensor: Int, offset: Int, byteCount: Int, expected: PieceRange?)
  /// What the coordinator sent has another fingerprint than it said, twice.
  case damaged(tensor: String)
  /// The system's refusal, `errno`, of something in the cache's folder.
  case cache(path: String, code: Int32)
  /// What stands in a tensor's place in the cache is something else, and the system refuses, `errno`, to remove it.
  case irreplaceable(path: String, code: Int32)
  /// Another process holds every name under which the tensor could be fetched.
  case busy(path: String)
  /// Neither `XDG_CACHE_HOME` nor `HOME` says where caches belong.
  case noCacheFolder
}

extension WeightsError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .otherConfiguration(let folder):
      "\(folder): config.json is not that of the coordinator's model; give the same checkpoint on every host, or leave"
        + " --model out to have the weights sent"
    case .otherTensor(let name, let file, let found, let expected):
      "\(file): tensor \(name) is not the coordinator's (\(Self.short(found)), expected \(Self.short(expected)));"
        + " give the same checkpoint on every host, or leave --model out to have the weights sent"
    case .nothingToShare:
      "the coordinator expects its own files here, but this worker was started without; start it with --model DIR"
    case .blocksOutOfRange(let layers, let count):
      "assigned blocks \(layers.lowerBound) to \(layers.upperBound) of a model of \(count) blocks;"
        + " run the same gpt2 on every host"
    case .wrongTensorCount(let found, let expected):
      "the assignment lists \(found) tensors, expected the \(expected) of its blocks; run the same gpt2 on every host"
    case .wrongDescription(let name, let found):
      "the assignment lists \(found.name) \(found.elementType) \(found.shape) with a fingerprint of"
        + " \(found.fingerprint.count) bytes where \(name) belongs; run the same gpt2 on every host"
    case .unexpectedPiece(let tensor, let offset, let byteCount, let expected):
      "the coordinator sent \(byteCount) bytes of tensor \(tensor) from byte \(offset), expected "
        + (expected.map { "\($0.byteCount) of tensor \($0.tensor) from byte \($0.offset)" } ?? "none")
        + "; run the same gpt2 on every host"
    case .damaged(let tensor):
      "tensor \(tensor) arrived twice with other bytes than announced; did the coordinator's files change? start it again"
    case .cache(let path, let code):
      switch code {
      case ENOSPC, EDQUOT: "\(path): no space is left; free some, or give another folder with --cache DIR"
      case EFBIG:
        "\(path): a file may not be as large as this tensor (\(Self.message(code))); raise the limit (ulimit -f), or give a"
          + " folder on another file system with --cache DIR"
      case EMFILE, ENFILE: "\(path): \(Self.message(code)); raise the limit (ulimit -n)"
      case EACCES, EPERM, EROFS:
        "\(path): may not be written (\(Self.message(code))); make the folder writable for this user, or give another"
          + " with --cache DIR"
      default: "\(path): \(Self.message(code)); give another folder with --cache DIR"
      }
    case .irreplaceable(let path, let code):
      "\(path): is not the tensor that belongs there, and cannot be removed (\(Self.message(code))); remove it, or give"
        + " another folder with --cache DIR"
    case .busy(let path):
      "\(path): other processes are fetching this tensor into the same folder; end them, or give each worker its own"
        + " with --cache DIR"
    case .noCacheFolder: "no folder for the cache: neither XDG_CACHE_HOME nor HOME is set; give one with --cache DIR"
    }
  }

  private static func short(_ fingerprint: Fingerprint) -> String { String(fingerprint.description.prefix(8)) }

  private static func message(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
