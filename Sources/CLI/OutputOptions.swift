import ArgumentParser

/// How much a command says on standard error besides errors and warnings.
struct OutputOptions: ParsableArguments {
  @Flag(
    help:
      "Also say how the work was shared out: who holds which blocks, and at the end what each stage did and how long it waited."
  )
  var stats = false

  @Flag(name: [.customShort("q"), .long], help: "Write the result, errors and warnings, and nothing else.")
  var quiet = false

  mutating func validate() throws {
    if stats, quiet { throw ValidationError("give only one of --stats and --quiet") }
  }

  /// To be called before anything is said.
  func apply() { Terminal.setVerbosity(quiet ? .quiet : stats ? .stats : .normal) }
}
