internal import CKernels
internal import FoundationEssentials

public enum KernelsError: Error, Equatable, CustomStringConvertible {
  case unknown(String, known: [String])
  case unsupported(String)

  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "GPT2_KERNELS=\(name): no such instruction set; expected one of \(known.joined(separator: ", "))"
    case .unsupported(let name):
      "GPT2_KERNELS=\(name): this machine does not have that instruction set; unset the variable to use the best it has"
    }
  }
}
