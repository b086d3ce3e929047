/// What a measurement tells a person while it goes on.
package enum Report: Sendable {
  /// What it is at; each takes the place of the one before.
  case progress(String)
  /// What is to be known of it.
  case note(String)
}
