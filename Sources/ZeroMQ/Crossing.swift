internal import Synchronization

/// The order between a thread that sends and one that receives, said in Swift's own terms.
///
/// libzmq has its barriers, but neither the compiler nor the thread sanitizer sees them; bytes that are read where another
/// thread wrote them would be a data race on paper.
enum Crossing {
  private static let sent = Atomic<Int>(0)

  /// What this thread did until now comes before what others do after ``acquire()``.
  static func release() { sent.add(1, ordering: .releasing) }

  static func acquire() { _ = sent.load(ordering: .acquiring) }
}
