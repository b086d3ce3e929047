import Foundation
import TestSupport
import Testing
import Wording

@testable import CLI

@Suite("What a command says", .timeLimit(.minutes(5)))
struct OutputTests {
  private static let work = ["generate", "ROMEO:", "-n", "12"]

  @Test("is the text, and one line with tokens, time and the seed that gives it again")
  func seed() throws {
    let runs = try (0..<2).map { _ in try Program(Self.work) }
    let seeds = try runs.map { run in
      #expect(run.status == 0)
      let line = try #require(
        run.notes.wholeMatch(of: /12 tokens in [^,]+, \d+ tokens\/s, seed (\d+)\n/), "\(run.notes)")
      return String(line.1)
    }
    #expect(seeds[0] != seeds[1])
    #expect(try Program(Self.work + ["-s", seeds[0]]).output == runs[0].output)
    let json = try #require(try Program(Self.work + ["--json", "--seed", seeds[0]]).objects().first)
    #expect((json["seed"] as? UInt64).map { String($0) } == seeds[0])
    #expect(runs[0].output == "\(json["text"] as? String ?? "")\n")
    // Nothing is drawn.
    #expect(try !Program(Self.work + ["--temp", "0"]).notes.contains("seed"))
  }

  @Test("is the text alone with --quiet, and a set-up and a table with --stats", arguments: ["--spawn", "--stages"])
  func levels(way: String) throws {
    let flags = [way, "2", "--seed", "4"]
    #expect(try Program(Self.work + flags + ["-q"]).notes.isEmpty)
    let plain = try Program(Self.work + flags)
    #expect(plain.notes.split(separator: "\n").count == 1)
    let stats = try Program(Self.work + flags + ["--stats"])
    #expect(stats.output == plain.output)
    for words in ["12 blocks in 2 stages", "blocks 0 to ", "busy", "On average a stage had nothing to compute for"] {
      #expect(stats.notes.contains(words), "\(stats.notes)")
    }
    #expect(!stats.notes.contains("GPipe"))
    let wrong = try Program(["generate", "-q", "--token-ids", "5000"])
    #expect(wrong.status == 1 && wrong.notes.hasPrefix("gpt2: "))
  }

  @Test("tells several prompts apart, and one alone is not told apart")
  func several() throws {
    let one = try Program(["generate", "-q", "--seed", "4", "-n", "3", "--echo", "-p", "- a"])
    let two = try Program(["generate", "-q", "--seed", "4", "-n", "3", "--echo", "-p", "- a", "-p", "King"])
    #expect(two.output.hasPrefix("==> prompt 1 <==\n\(one.output)\n==> prompt 2 <==\nKing"), "\(two.output)")
    #expect(!one.output.contains("==>"))
    let folder = try TemporaryFolder()
    try Data("Good morrow\n\nThe king\n".utf8).write(to: folder.url.appending(path: "p"))
    for verb in [["generate", "-n", "3"], ["score"]] {
      let output = try Program(verb + ["--prompts", folder.path("p")]).output
      let heads = output.split(separator: "\n").filter { $0.hasPrefix("==>") }
      #expect(heads == ["==> \(folder.path("p")): line 1 <==", "==> \(folder.path("p")): line 3 <=="])
    }
  }

  @Test("counts spares in a line, however many they are")
  func spares() throws {
    let run = try Program(["plan", "--workers", "50"])
    #expect(
      run.output.contains("38 workers are spares (worker-13 … worker-50): the blocks are all held without them\n"))
    #expect(run.output.split(separator: "\n").count < 35)
  }

  @Test("fits a line of the screen, whatever its width", arguments: [100, 80, 60, 40, 20, 5])
  func widths(width: Int) {
    for done in [1, 500, 99_999, 100_000] {
      let line = ProgressBar.line(done, of: 100_000, unit: "tokens", elapsed: .seconds(done), width: width)
      #expect(line.count < width)
      #expect(line.contains("█") == (width >= 60 && done > 5000), "\(line)")
    }
    let busy = (1...12).map { "worker-\($0) 100 %" }
    let line = PipelineProgress.line(tokens: 1000, rate: 52.7, busy: busy, width: width)
    #expect(line.hasPrefix("1000 tokens, 52 tokens/s"))
    let table = TextTable(columns: [
      .init(title: "stage", rank: 0, cells: ["coordinator", "a-host-of-a-long-name.example.org", "b"]),
      .init(title: "busy", rank: 0, cells: ["1 %", "100 %", "3 %"]),
      .init(title: "sent", rank: 1, cells: ["100.1 MB", "1.11 GB", "0 kB"]),
      .init(title: "waited", rank: 2, cells: ["3 min 20 s", "1 s", "2 s"]),
    ])
    let lines = table.text(width: width).split(separator: "\n")
    #expect(lines.count == 4)
    if width >= 20 { #expect(lines.allSatisfy { $0.count <= width }, "\(lines)") }
    #expect(lines[0].contains("waited") == (width > 60) && lines[0].contains("busy"))
  }
}
