import Foundation
import TestSupport
import Testing

@Suite("What bench measures", .timeLimit(.minutes(5)))
struct BenchTests {
  @Test("has all its figures, of one process and of a cluster")
  func bench() throws {
    let folder = try TemporaryFolder()
    let model = try Cluster.checkpoint(in: folder)
    let alone = try #require(
      try Program(["bench", "-m", model, "--rounds", "1", "--threads", "1", "--json"]).objects().first)
    #expect(alone["model"] as? String == model)
    for line in try #require(alone["prefill"] as? [[String: Any]]) + #require(alone["decode"] as? [[String: Any]]) {
      for key in ["tokens_per_second", "of_limit"] { #expect(try #require(line[key] as? Double) > 0) }
      #expect(line["spread"] as? Double == 0)
    }
    let run = try Program(["bench", "-m", model, "--rounds", "1", "--threads", "1", "--spawn", "2"])
    #expect(run.status == 0, "\(run.notes)")
    for words in ["in 2 stages", "prefill, 8 prompts", "× one thread", "libzmq alone"] {
      #expect(run.output.contains(words), "\(run.output)")
    }
  }

  @Test("is of GPT-2's shape unless told otherwise, the same random weights in every process")
  func shape() throws {
    let run = try Program(["bench", "--spawn", "2", "--threads", "1", "--rounds", "1", "--json"])
    #expect(run.status == 0, "\(run.notes)")
    let result = try #require(try run.objects().first?["pipeline"] as? [String: Any])
    #expect(result["stages"] as? Int == 2)
    #expect(try #require(result["decode_tokens_per_second"] as? Double) > 0)
  }
}
