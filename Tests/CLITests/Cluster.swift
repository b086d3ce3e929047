import Foundation
import TestSupport
import Testing

/// What the tests of the cluster ask for, and what one process answers.
enum Cluster {
  static let question = ["ROMEO:", "--max-tokens", "24", "--seed", "5"]
  static let answer = try! Program(["generate", "--stages", "1"] + question).output

  /// Work for some seconds, into nothing.
  static let longWork =
    (0..<64).flatMap { ["--token-ids", "\(5 + $0),7"] } + [
      "--max-tokens", "250", "--ignore-eos", "--seed", "4", "--json", "--stats",
    ]

  /// The same to be read, and what one process writes.
  static let longText = longWork.filter { $0 != "--json" }
  static let longAnswer = try! Program(["generate", "--stages", "1"] + longText).output

  /// A copy of the bundled checkpoint, changed.
  static func checkpoint(in folder: TemporaryFolder, _ change: (URL) throws -> Void = { _ in }) throws -> String {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Sources/DemoModel/checkpoint")
    let copy = folder.url.appending(path: "checkpoint-\(UUID().uuidString.prefix(8))")
    try FileManager.default.copyItem(at: source.standardizedFileURL, to: copy)
    try change(copy)
    return copy.path
  }
}

/// A folder that is removed with this.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "gpt2-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }
}
