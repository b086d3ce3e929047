import Synchronization
import ZeroMQ

/// The file of `--allowed-keys`, read again when it changes.
final class AllowedKeysFile: Sendable {
  private let path: String
  private let state: Mutex<AllowedKeys>
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
    let new: AllowedKeys
    do { new = try AllowedKeys(file: path) } catch {
      return Terminal.warn("\(error); the keys that it held before go on to count", of: path)
    }
    let isNew = state.withLock { state in
      defer { state = new }
      return state != new
    }
    guard isNew else { return }
    Terminal.note("\(path) has changed: \(count(new.names.count, "key")) \(new.names.count == 1 ? "is" : "are") let in")
    changed(new)
  }
}
