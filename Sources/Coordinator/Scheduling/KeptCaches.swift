/// What the stages of a pipe have cached still of the pipe before.
struct KeptCaches {
  /// The one stage that has nothing; nil where all have what they had.
  var missing: Int?
  /// Slots, from 0 on, of which the stage before that one has kept what it handed on. The coordinator has all that goes into the
  /// first stage.
  var slots: Int
}
