import Foundation
import Testing
import Wording

@Suite("The type of weights", .timeLimit(.minutes(5)))
struct WeightSurfaceTests {
  @Test("is measured by bench one after the other, and set side by side")
  func bench() throws {
    let folder = try TemporaryFolder()
    let flags = ["bench", "-m", try Cluster.checkpoint(in: folder), "--rounds", "1", "--threads", "1"]
    let run = try Program(flags + ["--weights", "f32,int8", "--json"])
    #expect(run.status == 0, "\(run.notes)")
    let types = try #require(try run.objects().first?["types"] as? [[String: Any]])
    #expect(types.map { $0["weights"] as? String } == ["f32", "int8"])
    let limits = try types.map { try #require($0["limits"] as? [String: Any]) }
    // Only INT8 is held against products of 8-bit numbers.
    #expect(limits[0]["dot_gops"] == nil)
    #expect(try #require(limits[1]["dot_gops"] as? Double) > 0)
    for type in types {
      #expect((type["prefill"] as? [Any])?.count == 3 && (type["decode"] as? [Any])?.count == 3)
      let products = try #require(type["products"] as? [String: Any])
      #expect(try #require(products["of_limit"] as? Double) > 0)
    }
    let text = try Program(flags + ["--weights", "all"]).output
    for words in ["in f32, on 1 thread", "in bf16, on", "in f16, on", "in int8, on", "GOP/s of 8-bit products"] {
      #expect(text.contains(words), "\(text)")
    }
    let heads = text.split(separator: "\n").filter { $0.hasPrefix("tokens/s") }
    #expect(heads.count == 1 && heads[0].split(separator: "×").count == 4)
    let one = try #require(try Program(flags + ["--json"]).objects().first)
    #expect(one["weights"] as? String == "bf16" && one["types"] == nil)
    let cluster = try Program(flags + ["--stages", "2", "--weights", "int8", "--json"])
    #expect((try cluster.objects().first?["pipeline"] as? [String: Any])?["weights"] as? String == "int8")
  }

  @Test("is one, but for who compares them")
  func several() throws {
    for command in [["generate", "x"], ["score", "-p", "a b"], ["bench", "--spawn", "2"]] {
      let run = try Program(command + ["--weights", "f32,int8"])
      #expect(run.status == 64 && run.output.isEmpty && run.notes.contains("give one, as f32"), "\(run.notes)")
      #expect(run.notes.split(separator: "\n").count == 1)
    }
  }

  @Test("is counted by plan, which says who fits and what would")
  func plan() throws {
    let flags = ["plan", "--shape", "gpt2-xl", "--memory", "2GB,2GB"]
    let refused = try Program(flags)
    #expect(refused.status == 1 && refused.output.isEmpty)
    #expect(refused.notes.hasSuffix("held as bf16 they would fit (--weights bf16)\n"), "\(refused.notes)")
    #expect(refused.notes.split(separator: "\n").count == 1)
    // Nothing fits there.
    #expect(try Program(["plan", "--memory", "1MB,1MB"]).notes.contains("--weights") == false)

    let plan = try #require(try Program(flags + ["--weights", "int8", "--json"]).objects().first)
    #expect(plan["weights"] as? String == "int8")
    let types = try #require(plan["weight_types"] as? [[String: Any]])
    #expect(types.map { $0["weights"] as? String } == ["f32", "bf16", "f16", "int8"])
    #expect(types.map { $0["fits"] as? Bool } == [false, true, true, true])
    let bytes = try types.map { try #require($0["block_weight_bytes"] as? Int) }
    // 48 blocks of 12 · 1600² numbers in matrices.
    #expect(abs(Double(bytes[0]) / (48 * 12 * 1600 * 1600 * 4) - 1) < 0.01 && bytes[1] == bytes[2])
    #expect(abs(Double(bytes[3]) / Double(bytes[0]) - 0.2656) < 0.001)
    let workers = try #require(plan["workers"] as? [[String: Any]])
    #expect(workers.compactMap { $0["weight_bytes"] as? Int }.reduce(0, +) == bytes[3])
    #expect(plan["coordinator_weight_bytes"] as? Int == types[3]["coordinator_weight_bytes"] as? Int)
  }

  @Test("is that of a model's files in plan, and its text has a table")
  func planOfFiles() throws {
    let folder = try TemporaryFolder()
    let run = try Program(["plan", "--model", try Cluster.checkpoint(in: folder), "--workers", "1"])
    #expect(run.status == 0 && run.output.contains("weights in bf16, as they are in memory"), "\(run.output)")
    let rows = run.output.split(separator: "\n").filter { $0.hasSuffix("yes") }
    #expect(rows.count == 3 && rows[1].hasPrefix("bf16, f16"), "\(run.output)")
  }

  @Test("is said of every run")
  func runs() throws {
    let generate = ["generate", "ROMEO:", "-n", "2", "--seed", "1"]
    #expect(try Program(generate + ["--json"]).objects().first?["weights"] as? String == "bf16")
    for flags in [["--weights", "f16"], ["--stages", "2", "--weights", "f16"]] {
      let run = try Program(generate + ["--stats"] + flags)
      #expect(run.notes.contains("weights in f16, "), "\(run.notes)")
    }
    let score = try Program(["score", "-p", "a b", "--json", "--weights", "int8"])
    #expect(try score.objects().first?["weights"] as? String == "int8")
    let folder = try TemporaryFolder()
    #expect(try Program(["embed", "x", "-o", folder.path("x")]).notes.hasSuffix("weights in bf16\n"))
  }

  @Test("is said by the server")
  func server() throws {
    let server = try ServedModel(["--weights", "int8"])
    let metrics = try server.call("GET", "/metrics").body
    #expect(metrics.contains("gpt2_model_info{model=\"gpt2-demo\",weights=\"int8\"} 1\n"))
    #expect(try server.call("GET", "/v1/cluster").object()["weights"] as? String == "int8")
    #expect(try server.call("GET", "/v1/models/gpt2-demo").object()["weights"] as? String == "int8")
    let model = try server.call("GET", "/pipeline").object()["model"] as? [String: Any]
    #expect(model?["weights"] as? String == "int8")
    #expect(server.program.notes.contains { $0.contains("weights in int8") })
  }

  @Test("has numbers of one length behind the point")
  func numbers() {
    let cases: [(Double, Int, String)] = [
      (2.6, 2, "2.60"), (0, 1, "0.0"), (-0.004, 2, "0.00"), (-1.256, 2, "-1.26"), (0.05, 1, "0.1"),
      (12345.678, 3, "12345.678"),
      (.infinity, 2, "inf"), (1e300, 2, "1e+300"),
    ]
    for (value, digits, text) in cases { #expect(fixed(value, digits: digits) == text) }
  }
}
