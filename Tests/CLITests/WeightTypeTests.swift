import Foundation
import TestSupport
import Testing

@Suite("--weights", .serialized, .timeLimit(.minutes(5)))
struct WeightTypeTests {
  /// Work for about a second.
  private static let work =
    (0..<16).flatMap { ["--token-ids", "\(5 + $0),7"] } + ["--max-tokens", "200", "--ignore-eos", "--seed", "4"]

  private static let types = ["f32", "bf16", "f16", "int8"]
  /// What one process writes, by type.
  private static let texts = Result {
    try Dictionary(
      uniqueKeysWithValues: types.map {
        ($0, try Program(["generate", "--stages", "1", "--weights", $0] + work).output)
      })
  }

  @Test("of any type gives the same text when a worker is killed", arguments: types)
  func killed(type: String) throws {
    let program = try RunningProgram(["generate", "--spawn", "3", "--weights", type, "--stats"] + Self.work)
    try program.note(with: "in 3 stages")
    try #require(program.children.count == 3)
    kill(program.children[1], SIGKILL)
    #expect(try program.end() == 0, "\(program.notes)")
    #expect(try program.output == Self.texts.get()[type])
    #expect(program.notes.contains { $0.contains("worker-2 (blocks") && $0.contains("lost") }, "\(program.notes)")
    #expect(program.notes.contains { $0.contains("work goes on") }, "\(program.notes)")
  }

  @Test("is auto unless it is given, which changes no bit of a model of BF16; int8 does")
  func plain() throws {
    let plain = try Program(["generate", "--stages", "1"] + Self.work).output
    #expect(!plain.isEmpty)
    for (type, isSame) in [("f32", true), ("bf16", true), ("int8", false)] {
      #expect((try Self.texts.get()[type] == plain) == isSame, "\(type)")
    }
  }

  @Test("of any type gives the same text on workers of different instruction sets", arguments: ["f16", "int8"])
  func instructionSets(type: String) throws {
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.question + ["--weights", type])
    let workers = try ["", "portable"].map { kernels in
      try RunningProgram(
        ["worker", "--coordinator", address, "--demo", "--threads", "1"], environment: ["GPT2_KERNELS": kernels])
    }
    #expect(try coordinator.end() == 0, "\(coordinator.notes)")
    for worker in workers { #expect(try worker.end() == 0) }
    let alone = ["generate", "--stages", "1", "--weights", type] + Cluster.question
    #expect(try coordinator.output == Program(alone).output)
  }

  @Test("of a worker and its coordinator are one, or the worker is refused in a line that names both")
  func refused() throws {
    let (coordinator, address) = try RunningProgram.coordinator(1, Cluster.question + ["--weights", "bf16"])
    let other = try RunningProgram.worker("other", of: address, ["--weights", "int8"])
    #expect(try other.end() == 1)
    #expect(other.complaints.count == 1)
    for word in ["--weights int8", "as bf16"] { #expect(other.complaints[0].contains(word), "\(other.notes)") }
    try coordinator.note(with: "it was started with --weights int8, the coordinator holds them as bf16")
    let same = try RunningProgram.worker("same", of: address, ["--weights", "bf16"])
    #expect(try (coordinator.end(), same.end()) == (0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
  }

  @Test(
    "that there is not is refused in a line that names those that there are",
    arguments: [
      ["generate", "x"], ["serve"], ["score", "x"], ["embed", "x"], ["worker", "--coordinator", "tcp://127.0.0.1:1"],
      ["plan"], ["bench"],
    ])
  func unknown(command: [String]) throws {
    for type in ["int4", "f33", ""] {
      let run = try Program(command + ["--weights", type])
      #expect(run.status == 64 && run.output.isEmpty)
      #expect(run.notes.hasPrefix("gpt2: ") && run.notes.split(separator: "\n").count == 1, "\(run.notes)")
      for word in ["'\(type)'", "--weights", "'auto', 'f32', 'bf16', 'f16' or 'int8'"] {
        #expect(run.notes.contains(word), "\(run.notes)")
      }
    }
  }

  @Test("is what the flags of other programs come to", arguments: ["--dtype", "--fp16", "--quantize"])
  func otherNames(flag: String) throws {
    let run = try Program(["generate", flag, "x"])
    #expect(run.status == 64 && run.notes.contains("use --weights f32, bf16, f16 or int8"), "\(run.notes)")
  }

  @Test(
    "that cannot hold a number of the file is refused by tensor, number and place, by whoever loads it",
    arguments: ["transformer.wte.weight", "transformer.h.11.mlp.c_proj.weight"])
  func beyond(tensor: String) throws {
    let folder = try TemporaryFolder()
    let checkpoint = try Cluster.checkpoint(in: folder) { copy in
      let file = copy.appending(path: "model.safetensors")
      var data = try Data(contentsOf: file)
      let headerEnd = 8 + Int(data[0]) + Int(data[1]) << 8
      let header = try JSONSerialization.jsonObject(with: data[8..<headerEnd]) as? [String: Any]
      let places = (header?[tensor] as? [String: Any])?["data_offsets"] as? [Int]
      // 2¹⁷, as BF16.
      let place = headerEnd + (try #require(places)[0]) + 2 * 5
      data.replaceSubrange(place..<place + 2, with: [0x00, 0x48])
      try data.write(to: file)
    }
    let name = tensor.replacing("transformer.", with: "")
    // Nobody else could hold it either.
    for stages in [["--stages", "1"], ["--stages", "2"], ["--spawn", "2"]] {
      let run = try Program(
        ["generate", "x", "--model", checkpoint, "--weights", "f16"] + stages)
      #expect(run.status == 1 && run.output.isEmpty)
      let lines = run.notes.split(separator: "\n").filter { $0.hasPrefix("gpt2: ") }
      #expect(lines.count == 1, "\(run.notes)")
      for word in [name, "131072.0 at element 5", "more than f16 can hold", "use --weights auto, or bf16"] {
        #expect(lines.contains { $0.contains(word) }, "\(run.notes)")
      }
    }
    #expect(try Program(["generate", "x", "--max-tokens", "3", "--model", checkpoint]).status == 0)
  }
}
