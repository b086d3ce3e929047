internal import Synchronization

/// A set of keys that threads share. The key of zeros is never in it: whoever dials with it can agree on the secret of any
/// server, since there is none.
final class KeySet: Sendable {
  private let keys: Mutex<Set<CurveKey>>

  init(_ keys: Set<CurveKey> = []) { self.keys = Mutex(keys.filter { !$0.isZero }) }

  func insert(_ key: CurveKey) { keys.withLock { _ = $0.insert(key) } }
  func remove(_ key: CurveKey) { keys.withLock { _ = $0.remove(key) } }
  func replace(by new: Set<CurveKey>) { keys.withLock { $0 = new.filter { !$0.isZero } } }
  func contains(_ key: CurveKey?) -> Bool { key.map { key in keys.withLock { $0.contains(key) } } ?? false }
}
