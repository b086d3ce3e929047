#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What is wrong with a key file, and which; the description is one line that says what to do.
public struct CurveKeyError: Error, Hashable, Sendable {
  public var file: String
  public var problem: CurveKeyProblem
}

/// What is wrong with a key.
public enum CurveKeyProblem: Error, Hashable, Sendable {
  case missing
  /// Already there when it was to be written.
  case exists
  case notAFile
  /// Others than the owner may use the file; `mode` has the nine permission bits.
  case readableByOthers(mode: UInt32)
  /// Characters or bytes found where 40 were expected.
  case length(Int)
  case encoding
  /// libzmq was built without CURVE.
  case unsupported
  /// The system's refusal, `errno`, of `call`.
  case system(call: String, code: Int32)
}

extension CurveKeyError: CustomStringConvertible {
  public var description: String { "\(file): \(problem)" }
}

extension CurveKeyProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing: "no such key file; make one with gpt2 keygen and copy it to every host"
    case .exists: "is there already and is not overwritten; give another name, or remove it first"
    case .notAFile: "is not an ordinary file; give the file that gpt2 keygen wrote"
    case .readableByOthers(let mode):
      "others may read this key (mode \(String(mode, radix: 8))); chmod 600 it, or make a new one if somebody did"
    case .length(let count):
      "is no key: \(count) characters where 40 were expected; give the file that gpt2 keygen wrote"
    case .encoding: "is no key: not all of its 40 characters are Z85; give the file that gpt2 keygen wrote"
    case .unsupported: "libzmq was built without CURVE; install one that has it"
    case .system(let call, let code): "cannot \(call): \(String(cString: strerror(code)))"
    }
  }
}
