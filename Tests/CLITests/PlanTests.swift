import Foundation
import Testing

@Suite("gpt2 plan", .timeLimit(.minutes(5)))
struct PlanTests {
  @Test("deals every block out once, in order, and says what it predicts")
  func json() throws {
    let run = try Program(["plan", "--workers", "5", "--speeds", "1,1,1,1,0.5", "--json"])
    #expect(run.status == 0)
    let object = try #require(try run.objects().first)
    let workers = try #require(object["workers"] as? [[String: Any]])
    let blocks = try workers.flatMap { worker in
      Array(try #require(worker["first_block"] as? Int)...(try #require(worker["last_block"] as? Int)))
    }
    #expect(blocks == Array(0..<12))
    let last = try #require(workers.last?["first_block"] as? Int)
    #expect(last == 11)
    let prefill = try #require(object["prefill"] as? [String: Any])
    let decode = try #require(object["decode"] as? [[String: Any]])
    #expect(decode.count == 2)
    for line in [prefill] + decode {
      for key in ["tokens_per_second", "one_thread_tokens_per_second", "one_machine_tokens_per_second", "gain"] {
        #expect(try #require(line[key] as? Double) > 0)
      }
      for key in ["idle_share", "coordinator_busy", "link_busy"] {
        #expect((-1e-9...1).contains(try #require(line[key] as? Double)))
      }
    }
  }

  @Test("says who is a spare, and that a link of no bandwidth is no gain")
  func text() throws {
    let run = try Program(["plan", "--workers", "14", "--latency", "1s", "--bandwidth", "1kbit"])
    #expect(run.status == 0)
    #expect(run.output.contains("2 workers are spares (worker-13 and worker-14)"))
    #expect(run.output.contains("worker-12: block 11"))
    #expect(run.output.contains("no gain: the busiest link"))
    #expect(run.output.hasSuffix("One machine is faster for long prompts, one text at a time and 32 texts at once.\n"))
    #expect(run.output.contains("GPipe") == false)
    let limited = try Program(["plan", "--shape", "gpt2-xl", "--memory", "4GiB,4000MB"])
    #expect(limited.output.contains("2.95 GB of weights") && limited.output.contains("this --memory has room for"))
  }

  @Test(
    "refuses what cannot be in one line, with what to do",
    arguments: [
      (["--workers", "0"], 64, "--workers"), (["--workers", "2", "--speeds", "1"], 64, "--speeds"),
      (["--speeds", "1,nan"], 64, "--speeds"), (["--memory", "1GB,x"], 64, "--memory"),
      (["--memory", "1GiB,0x1p20"], 64, "--memory"),
      (["--latency", "3"], 64, "--latency"), (["--latency", "-1ms"], 64, "--latency"),
      (["--bandwidth", "0Gbit"], 64, "--bandwidth"), (["--split", "6,,6"], 64, "--split"),
      (["--split", "6,5"], 1, "11"), (["--split", "4,4,4"], 64, "3 parts"), (["--threads", "0"], 64, "--threads"),
      (["--memory", "1MB,1MB"], 1, "12 blocks"), (["--micro-batch", "0"], 64, "--micro-batch"),
      (["--shape", "gpt3"], 64, "gpt2-xl"), (["--model", "/nowhere"], 1, "/nowhere"),
    ])
  func refusals(arguments: [String], status: Int32, word: String) throws {
    let run = try Program(["plan"] + arguments)
    #expect(run.status == status)
    #expect(run.output.isEmpty)
    #expect(run.notes.contains(word))
    #expect(run.notes.split(separator: "\n").count == 1)
  }
}
