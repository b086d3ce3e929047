import ArgumentParser
import FoundationEssentials
import Logging

/// From which importance on it is written.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error, critical

  var level: Logger.Level { Logger.Level(rawValue: rawValue)! }
}
