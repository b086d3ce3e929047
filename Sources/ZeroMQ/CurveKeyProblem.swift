internal import LibC

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
  /// All zeros, which keeps nobody out.
  case zero
  /// Others than the owner may change the file; `mode` has the nine permission bits.
  case writableByOthers(mode: UInt32)
  /// Another user owns the file, who could change or read it.
  case ownedByOther(user: UInt32)
  /// Where a public key was expected: as far as can be told, a secret half.
  case notPublic
  /// Line `line` of a list does not begin with a key.
  case line(Int)
  /// The user has neither a runtime folder nor a home.
  case noFolder
  /// More keys than are taken.
  case tooMany(limit: Int)
  /// libzmq was built without CURVE.
  case unsupported
  /// The system's refusal, `errno`, of `call`.
  case system(call: String, code: Int32)
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
    case .zero: "is the key of zeros, which keeps nobody out; make one with gpt2 keygen"
    case .writableByOthers(let mode):
      "others may change it (mode \(String(mode, radix: 8))); chmod go-w it, and see that nobody did"
    case .ownedByOther(let user): "belongs to user \(user), who could change it; give a file of your own"
    case .notPublic:
      "is not a public key, but looks like a secret one; give the .pub file that gpt2 keygen wrote beside it"
    case .line(let line):
      "line \(line) does not begin with a public key of 40 characters; give the lines of the .pub files that gpt2 keygen wrote"
    case .noFolder:
      "there is no folder for it: neither XDG_RUNTIME_DIR nor HOME is a folder of this user; give a key with --key FILE"
    case .tooMany(let limit): "has more than \(limit) keys; remove those that are not used"
    case .unsupported: "libzmq was built without CURVE; install one that has it"
    case .system(let call, let code): "cannot \(call): \(String(cString: strerror(code)))"
    }
  }
}
