internal import GPT2

extension SliceSource {
  /// The folder of its own files, for messages; empty when it has none.
  var folderName: String {
    switch self {
    case .checkpoint(let checkpoint): checkpoint.folder.name
    case .cache: ""
    }
  }

  /// Identifies the configuration of its own checkpoint; empty when it has none.
  var configurationFingerprint: [UInt8] {
    switch self {
    case .checkpoint(let checkpoint): checkpoint.configuration.fingerprint.bytes
    case .cache: []
    }
  }
}
