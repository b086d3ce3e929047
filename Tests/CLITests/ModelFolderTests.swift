import Foundation
import TestSupport
import Testing

@testable import CLI

@Suite("--model", .timeLimit(.minutes(5)))
struct ModelFolderTests {
  @Test(
    "knows a model's name from a path",
    arguments: [
      ("gpt2", "openai-community/gpt2"), ("GPT2-XL", "openai-community/gpt2-xl"),
      ("distilgpt2", "distilbert/distilgpt2"),
      ("a/b", "a/b"), ("https://huggingface.co/a/b/", "a/b"), ("https://huggingface.co/gpt2", "openai-community/gpt2"),
      ("hf.co/a/b", "a/b"), ("mine", "mine"), ("./gpt2", nil), ("/gpt2", nil), ("a/b/c", nil), ("../a", nil),
      ("a b", nil),
      ("https://a.example/b/c", nil), ("a/", "a"),
    ] as [(String, String?)])
  func names(name: String, repository: String?) { #expect(ModelFolder.repository(name) == repository) }

  @Test(
    "says what to do in a line, and a command that can be pasted on the next, where it is a name",
    arguments: [
      ("gpt2", "give --model ./gpt2", "curl -fL --create-dirs --output-dir gpt2 "),
      ("gpt2-medium", "give --model ./gpt2-medium", "/openai-community/gpt2-medium/resolve/main/{config.json,"),
      ("distilgpt2", "./distilgpt2", "/distilbert/distilgpt2/"),
      ("openai-community/gpt2", "./gpt2", "curl"), ("vicgalle/gpt2-open-instruct-v1", "pip install", "hf download"),
      ("mine", "config.json, model.safetensors", nil), ("/nowhere/gpt2", "check the path", nil),
      ("~/gpt2-of-nobody", "write $HOME", nil), ("/dev/null", "is no folder", nil),
      ("FOLDER/model.safetensors", "give its folder: --model FOLDER", nil),
      ("FOLDER", "this one has model.safetensors", nil),
      ("FOLDER/x.gguf", "llama.cpp", nil), ("FOLDER/models--a--b", "--model FOLDER/models--a--b/snapshots/1f", nil),
    ] as [(String, String, String?)])
  func advice(model: String, words: String, command: String?) throws {
    let folder = try TemporaryFolder()
    for name in ["model.safetensors", "x.gguf"] { try Data([1]).write(to: folder.url.appending(path: name)) }
    let snapshot = folder.url.appending(path: "models--a--b/snapshots/1f")
    try FileManager.default.createDirectory(at: snapshot, withIntermediateDirectories: true)
    try Data([1]).write(to: snapshot.appending(path: "config.json"))
    func here(_ text: String) -> String { text.replacing("FOLDER", with: folder.url.path) }
    for verb in [["generate", "x"], ["score", "/dev/null"], ["plan"], ["serve", "--port", "0"]] {
      let run = try Program(verb + ["--model", here(model)])
      #expect(run.status == 1 && run.output.isEmpty)
      let lines = run.notes.split(separator: "\n")
      #expect(lines.count == (command == nil ? 1 : 2), "\(run.notes)")
      #expect(lines[0].hasPrefix("gpt2: --model ") && lines[0].contains(here(words)), "\(run.notes)")
      if let command { #expect(lines[1].hasPrefix("  ") && lines[1].contains(command), "\(run.notes)") }
    }
  }

  @Test("a folder without config.json has a tokenizer all the same")
  func tokenizer() throws {
    let folder = try TemporaryFolder()
    let model = try Cluster.checkpoint(in: folder) {
      try FileManager.default.removeItem(at: $0.appending(path: "config.json"))
    }
    let run = try Program(["tokenize", "--model", model, "ROMEO: hello"])
    #expect(run.status == 0)
    #expect(run.output == (try Program(["tokenize", "ROMEO: hello"]).output))
  }

  @Test("gives workers on one machine names that tell them apart, the same after each start")
  func workerNames() throws {
    let folder = try TemporaryFolder()
    // Locks are a process's own: a second worker is a second process.
    #expect(WorkerName.claim(host: "attic", path: folder.path("none/such")) == "attic")
    #expect(WorkerName.claim(host: "attic", path: folder.path("names")) == "attic")
    for _ in 0..<2 {
      let workers = try (0..<2).map { _ in
        let worker = try RunningProgram(["worker", "--coordinator", "127.0.0.1:1", "--demo", "--wait", "30"])
        return (worker, try worker.note(with: "dialling tcp://127.0.0.1:1,").prefix { $0 != ":" })
      }
      let names = workers.map(\.1)
      #expect(names[0] != names[1] && names.allSatisfy { $0.hasPrefix(WorkerName.hostName) }, "\(names)")
    }
  }
}
