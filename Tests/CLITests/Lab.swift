import Foundation

/// The lab of deploy/lab, under a name of this process's own.
enum Lab {
  private static let program = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../deploy/lab/lab").standardizedFileURL
  static let name = "gpt2-test-\(ProcessInfo.processInfo.processIdentifier)"

  static func begin(_ arguments: [String]) throws -> RunningProgram {
    try RunningProgram(arguments, environment: ["GPT2_LAB": name], of: program)
  }

  /// Why this machine cannot have a lab, as the lab says it.
  static let obstacle: String? = {
    do {
      for arguments in [["up", "1"], ["cut", "1"], ["down"]] {
        let program = try begin(arguments)
        if try program.end() != 0 { return program.notes.last ?? "the lab cannot be built here" }
      }
      return nil
    } catch {
      return "\(program.path): \(error)"
    }
  }()
}
