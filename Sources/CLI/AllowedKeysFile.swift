import Synchronization
import Wording
import ZeroMQ

/// The file of `--allowed-keys`, read again when it changes.
///
/// A change counts when it was seen twice, a second apart, since a file that is being written is empty, or short, for a moment.
final class AllowedKeysFile: Sendable {
  private let path: String
  private let state: Mutex<AllowedKeys>
  /// What the last look saw.
  private let seen = Mutex<AllowedKeys?>(nil)
  private let watching = Mutex<Task<Void, Never>?>(nil)

  /// - Throws: ``CurveKeyError``.
  init(path: String) throws {
    self.path = path
    state = Mutex(try AllowedKeys(file: path))
  }

  deinit { watching.withLock { $0?.cancel() } }

  var keys: AllowedKeys { state.withLock { $0 } }

  /// Calls `changed`, on another thread, with what the file holds whenever that is something else than before. While it cannot be
  /// read, what it held last goes on to count.
  func watch(_ changed: @escaping @Sendable (AllowedKeys) -> Void) {
    let task = Task.detached { [weak self] in
      while (try? await Task.sleep(for: .seconds(1))) != nil { self?.look(changed) }
    }
    watching.withLock { $0 = task }
  }

  private func look(_ changed: (AllowedKeys) -> Void) {
    let rest = "the keys that it held before go on to count"
    let new: AllowedKeys
    do { new = try AllowedKeys(file: path) } catch { return Terminal.warn("\(error); \(rest)", of: path) }
    if new.names.isEmpty { return Terminal.warn("\(path): has no key any more; \(rest)", of: path) }
    let isNew = seen.withLock { seen in
      defer { seen = new }
      return seen == new && keys != new
    }
    guard isNew else { return }
    state.withLock { $0 = new }
    Terminal.note("\(path) has changed: \(count(new.names.count, "key")) \(new.names.count == 1 ? "is" : "are") let in")
    changed(new)
  }
}
