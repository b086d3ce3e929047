/// Why a worker's request for pieces of a tensor cannot be answered.
public enum WantedError: Error, Hashable, Sendable {
  case noSuchTensor(Int, count: Int)
  case beyondTensor(String, offset: Int, byteCount: Int)
  case pieceCount(Int, limit: Int)
}

extension WantedError: CustomStringConvertible {
  public var description: String {
    let fault =
      switch self {
      case .noSuchTensor(let index, let count): "asked for tensor \(index) of a slice of \(count)"
      case .beyondTensor(let name, let offset, let byteCount):
        "asked for byte \(offset) of tensor \(name), which has \(byteCount)"
      case .pieceCount(let count, let limit): "asked for \(count) pieces at once, expected 1 to \(limit)"
      }
    return "\(fault); run the same gpt2 on every host"
  }
}
