import Foundation

/// The program `gpt2` as it was built beside the tests, run as a process.
struct Program {
  var status: Int32
  var output: String
  var notes: String

  /// Runs it and waits.
  init(
    _ arguments: [String], input: String = "", environment: [String: String] = [:], output place: String? = nil
  ) throws {
    let process = Process()
    process.executableURL = Self.url
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let folder = FileManager.default.temporaryDirectory.appending(path: "gpt2-cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: nothing to fill up.
    let files = try ["in", "out", "err"].map { name in
      let file = folder.appending(path: name)
      try Data(name == "in" ? Array(input.utf8) : []).write(to: file)
      return file
    }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: place.map { URL(filePath: $0) } ?? files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    output = String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
    notes = String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
  }

  /// The build folder holds the program and, in it or in a bundle, the tests.
  static var url: URL {
    var folder = Bundle.module.bundleURL
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let candidate = folder.appending(path: "gpt2")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    return URL(filePath: "gpt2")
  }

  /// The lines of standard output as JSON objects.
  func objects() throws -> [[String: Any]] {
    try output.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }
}
