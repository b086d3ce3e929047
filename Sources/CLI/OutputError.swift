import FoundationEssentials
import LibC
import Platform

/// Something could not be written.
struct OutputError: Error, CustomStringConvertible {
  let name: String
  let reason: String

  var description: String { "\(name): cannot write: \(reason); check where it goes to" }
}
