import Foundation
import Testing

@testable import CLI

@Suite("The command line", .timeLimit(.minutes(5)))
struct CommandLineTests {
  @Test(
    "takes the flags that hands type for the ones it has",
    arguments: [
      (["--temp", "0.5"], ["--temperature", "0.5"]), (["--temp=0.5"], ["--temperature=0.5"]),
      (["--top_p", "0.9"], ["--top-p", "0.9"]), (["--max_new_tokens=5"], ["--max-tokens=5"]),
      (["--n-predict", "7"], ["--max-tokens", "7"]), (["-n5", "-t2", "-s39"], ["-n", "5", "-t", "2", "-s", "39"]),
      (["--repeat-penalty", "1.1"], ["--repetition-penalty", "1.1"]), (["-V"], ["--version"]),
      // Texts are left alone.
      (["-p", "--temp", "--temp"], ["-p", "--temp", "--temperature"]), (["--", "--temp"], ["--", "--temp"]),
      (["--stop=A_B"], ["--stop=A_B"]), (["a --temp b", "-"], ["a --temp b", "-"]), (["-name"], ["-name"]),
    ])
  func translation(arguments: [String], ours: [String]) {
    #expect(CommandLineWords.translated(arguments) == ours)
  }

  @Test(
    "names a flag that is meant, and none where nothing is near",
    arguments: [
      ("--temprature", "--temperature"), ("--tempp", "--temperature"), ("--max-token", "--max-tokens"),
      ("--workers-count", "--spawn N"), ("--ctx-size", "context"), ("--n_ctx=5", "context"), ("--zzz", nil),
      ("-x", nil),
      ("--api-key", "--api-key-file"), ("--seeed", "--seed"), ("--model-folder", "--model"),
    ] as [(String, String?)])
  func flags(flag: String, word: String?) {
    let known = ["--temperature", "--max-tokens", "--spawn", "--seed", "--model", "--top-k"]
    let advice = CommandLineWords.advice(forFlag: flag, known: known)
    if let word { #expect(advice?.contains(word) == true, "\(advice ?? "")") } else { #expect(advice == nil) }
  }

  @Test(
    "says what to do instead of a command that there is not",
    arguments: [
      (["run"], "gpt2 generate"), (["chat"], "no chat model"), (["server"], "gpt2 serve"),
      (["complete", "x"], "gpt2 generate"), (["genrate", "x"], "is gpt2 generate meant?"),
      (["Once upon a \"time\""], "gpt2 generate \"Once upon a \\\"time\\\"\""), (["version"], "gpt2 --version"),
      (["pull", "gpt2"], "--model"), (["perplexity"], "gpt2 score"),
      (["generate", "--ctx-size", "5"], "--max-tokens limits"), (["generate", "-5 degrees"], "put -- before"),
      (["generate", "-some text"], "put -- before"),
      (["generate", "--zzz", "x"], "there is no flag --zzz (gpt2 generate --help)"),
      (["generate", "--tempature", "1", "x"], "is --temperature meant?"), (["generate", "a", "b"], "in quotes"),
      (["serve", "gpt2"], "a model is given by --model"), (["serve", "--http", "a:b"], "--http a:b"),
      (["serve", "--http", "https://a"], "no TLS"), (["serve", "--port", "65536"], "--port 65536"),
      (["serve", "--host", "a:b/c"], "--host"), (["serve", "--host", "a", "--http", "b"], "only one of --http"),
      (["generate", "--temp", "2.5", "x"], "--temperature is 2.5; give a number from 0 to 2"),
      (["generate", "--stats", "-q", "x"], "only one of --stats and --quiet"),
      (["generate", "-p", "x", "y"], "give only one of a text, --prompt"),
      (["bench", "--model", "x", "--shape", "gpt2"], "only one of --model and --shape"),
    ])
  func refusals(arguments: [String], words: String) throws {
    let run = try Program(arguments)
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.notes.hasPrefix("gpt2: ") && run.notes.contains(words), "\(run.notes)")
    #expect(run.notes.split(separator: "\n").count == 1, "\(run.notes)")
  }

  @Test("gives help for every command, within 80 columns, in whichever order it is asked for")
  func help() throws {
    let commands = ["generate", "serve", "score", "embed", "tokenize", "worker", "keygen", "plan", "bench"]
    let root = try Program(["--help"], environment: ["COLUMNS": "80"]).output
    for name in commands {
      let help = try Program([name, "--help"], environment: ["COLUMNS": "80"])
      #expect(help.status == 0 && root.contains("  \(name) "))
      #expect(try Program(["help", name], environment: ["COLUMNS": "80"]).output == help.output)
      for line in help.output.split(separator: "\n") {
        #expect(line.count <= 80, "\(name): \(line)")
      }
    }
    for name in ["serve", "worker", "plan", "bench"] {
      #expect(try Program([name, "help"]).output == (try Program([name, "--help"]).output))
    }
  }

  @Test(
    "reads where a server is to listen as people write it",
    arguments: [
      ("127.0.0.1:8080", "127.0.0.1", 8080), (":9000", "127.0.0.1", 9000), ("9000", "127.0.0.1", 9000),
      ("localhost", "localhost", 8080), ("localhost:1", "localhost", 1), ("0.0.0.0", "0.0.0.0", 8080),
      ("[::1]:80", "::1", 80), ("[::]", "::", 8080), ("http://127.0.0.1:8080/", "127.0.0.1", 8080),
      ("http://model.example", "model.example", 8080), ("HTTP://[::1]:5", "::1", 5), ("0", "127.0.0.1", 0),
    ])
  func addresses(text: String, host: String, port: Int) throws {
    let address = try #require(HTTPAddress(text))
    #expect(address.host == host && address.port == port)
  }

  @Test(
    "refuses what is no place to listen",
    arguments: [
      "", "a:b", "a:65536", "a:", "::1:8080", "[::1", "[a]:1", "https://a", "http://a:1/v1", "a b", "tcp://a:1", "-1",
      ":",
      "a:-1", "[::1]8080",
    ])
  func wrongAddresses(text: String) { #expect(HTTPAddress(text) == nil) }
}
