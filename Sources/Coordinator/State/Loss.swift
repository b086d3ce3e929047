/// A worker or a link that the plan counted on and that is gone, or of no use any more.
struct Loss: Error {
  /// What it is, for people.
  let error: ClusterError
  /// Members that are given up for it; none where they are gone already, or only a link is.
  var culprits: [Roster.ID] = []
  /// The stage whose worker has died, or does nothing any more, perhaps of what it had in hand; nil where that is not why.
  var stage: Int?
  /// The link between two members that are both there.
  var link: [Roster.ID] = []
  /// Whether nobody answers at the link's other end, so that the same plan would not help.
  var isUnanswered = false

  /// Both at once.
  func with(_ other: Loss) -> Loss {
    var both = self
    both.culprits += other.culprits
    return both
  }
}
