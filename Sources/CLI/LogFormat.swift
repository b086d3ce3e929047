import ArgumentParser
import FoundationEssentials
import Logging

/// How the log is written.
enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }
