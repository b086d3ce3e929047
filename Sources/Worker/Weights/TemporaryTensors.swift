internal import GPT2
internal import Synchronization

/// Tensors in files without a name: they are there as long as this is, and at most as long as the process.
///
/// Each holds a descriptor.
final class TemporaryTensors: Sendable {
  /// Where the files take their room.
  let folder: String
  private let files = Mutex<[Fingerprint: OpenFile]>([:])

  init(folder: String) { self.folder = folder }

  /// A new file, empty, to be written and then kept.
  ///
  /// - Throws: `.cache`.
  func makeFile() throws(WeightsError) -> OpenFile { try OpenFile(unnamedIn: folder) }

  /// Keeps a file that holds the whole of a tensor.
  func keep(_ file: OpenFile, as fingerprint: Fingerprint) { files.withLock { $0[fingerprint] = file } }

  /// Where a tensor can be opened, if it is kept.
  func path(of fingerprint: Fingerprint) -> String? { files.withLock { $0[fingerprint]?.path } }
}
