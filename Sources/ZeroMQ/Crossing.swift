internal import Synchronization

/// The order between a thread that sends and one that receives, said in Swift's own terms.
///
/// libzmq has its barriers, but nothing in Swift says so, and the thread sanitizer does not see them: it reported every frame
/// over borrowed bytes that was given back on another thread.
enum Crossing {
  private static let sent = Atomic<Int>(0)

  /// What this thread did until now comes before what others do after ``acquire()``.
  static func release() { sent.add(1, ordering: .releasing) }

  static func acquire() { _ = sent.load(ordering: .acquiring) }
}
