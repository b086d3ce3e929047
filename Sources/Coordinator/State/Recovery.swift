internal import Platform

/// What goes on between a loss and the work that follows it.
struct Recovery {
  /// When the first loss was noticed.
  let since: Instant
  /// The last loss.
  var cause: ClusterError
  /// What people are told of it.
  var reason: String { isImprovement ? "another plan is made" : cause.what }
  /// Whether nothing is lost, and another plan is wished for.
  var isImprovement = false
  /// What people were told last that it waits for.
  var told = ""

  /// How long a worker that is started anew may take to join and to measure.
  static let startPatience = Duration.seconds(10)
  /// Most plans in a row that come to nothing.
  static let fruitlessLimit = 20
  /// Most times in a row that a worker is started anew and comes to nothing.
  static let startLimit = 3
}
