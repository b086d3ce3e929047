/// Words that people type out of habit, from this program's sisters: what they mean here, or what to do instead.
enum CommandLineWords {
  /// Flags of other programs that mean exactly one of ours.
  private static let aliases = [
    "--temp": "--temperature", "--random-seed": "--seed", "--n-threads": "--threads",
    "--predict": "--max-tokens", "--n-predict": "--max-tokens", "--num-predict": "--max-tokens",
    "--max-new-tokens": "--max-tokens", "--max-completion-tokens": "--max-tokens",
    "--repeat-penalty": "--repetition-penalty", "--no-repeat-ngram-size": "--no-repeat-ngram",
    "--served-model-name": "--model-name", "--model-alias": "--model-name",
    "-V": "--version",
  ]

  /// The arguments with our names for the flags that mean one thing, up to `--`.
  static func translated(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return result + arguments[index...] }
      // What follows is a text, whatever it looks like.
      if let last = result.last, last == "-p" || last == "--prompt" {
        result.append(argument)
        continue
      }
      result += translated(argument)
    }
    return result
  }

  private static func translated(_ argument: String) -> [String] {
    // -n5
    if let letter = argument.dropFirst().first, argument.hasPrefix("-"), "nst".contains(letter), argument.count > 2,
      argument.dropFirst(2).allSatisfy({ $0.isASCII && $0.isNumber })
    {
      return [String(argument.prefix(2)), String(argument.dropFirst(2))]
    }
    let end = argument.firstIndex(of: "=") ?? argument.endIndex
    guard argument.hasPrefix("--"), argument[..<end].allSatisfy({ $0.isASCII && ($0.isLetter || "-_".contains($0)) })
    else { return [aliases[argument] ?? argument] }
    let name = argument[..<end].lowercased().replacing("_", with: "-")
    return [(aliases[name] ?? name) + argument[end...]]
  }

  /// What to do instead of a flag that there is not; nil when nothing comes to mind.
  ///
  /// - Parameter known: the flags of the command.
  static func advice(forFlag flag: String, known: [String]) -> String? {
    let name = String(flag.prefix { $0 != "=" }).lowercased().replacing("_", with: "-")
    if let advice = advices[name] { return advice }
    let target = aliases.filter { known.contains($0.value) }
    return nearest(to: name, of: known + target.keys.sorted()).map { "is \(target[$0] ?? $0) meant?" }
  }

  private static let advices: [String: String] = {
    let context = "a model's context is what its config.json says; --max-tokens limits what is written"
    let cores = "gpt2 computes on the processor's cores; --threads says on how many"
    let stages = "--spawn N runs the model in N processes, --listen with --workers N on other machines"
    let chat =
      "GPT-2 is no chat model: it continues a text; gpt2 generate does that, and gpt2 serve has a page to write on"
    let pairs: [([String], String)] = [
      (["-c", "--ctx-size", "--n-ctx", "--num-ctx", "--max-model-len", "--max-length", "--context-length"], context),
      (["-ngl", "--gpu-layers", "--n-gpu-layers", "--device", "--cuda", "--gpu", "--cpu"], cores),
      (["-tp", "--tensor-parallel-size"], stages), (["-pp", "--pipeline-parallel-size"], stages),
      (["--num-workers", "--workers-count", "--worker-count", "--n-workers", "--nproc", "--np"], stages),
      (["-i", "-cnv", "--interactive", "--chat", "--conversation", "--system-prompt"], chat),
      (["-f", "--file"], "gpt2 generate - < FILE continues one text, --prompts FILE one a line"),
      (["--api-key"], "other users can read a command line; --api-key-file FILE reads keys from a file"),
      (["-v", "--verbose", "--debug"], "--stats says more"),
      (["--stream", "--streaming"], "text is written as it comes, without a flag"),
      (["--dtype", "--precision", "--fp16", "--half", "--quantize"], "use --weights f32, bf16, f16 or int8"),
      (["--greedy"], "--temperature 0 always takes the likeliest token"),
      (["--do-sample"], "it is on unless --temperature is 0"),
      (["--n", "--num-return-sequences"], "for several texts, give -p more than once, or another --seed"),
    ]
    return Dictionary(pairs.flatMap { names, advice in names.map { ($0, advice) } }) { first, _ in first }
  }()

  /// What to do instead of a command that there is not.
  static func advice(forCommand word: String, commands: [String]) -> String {
    if let advice = commandAdvices[word.lowercased()] { return advice }
    if let known = nearest(to: word.lowercased(), of: commands) { return "is gpt2 \(known) meant?" }
    return "to continue a text, write gpt2 generate \(quoted(word))"
  }

  private static let commandAdvices: [String: String] = {
    let fetch = "gpt2 does not fetch models or keep a list of them; give a model's folder to any command with --model"
    let pairs: [([String], String)] = [
      (
        [
          "run", "complete", "completion", "completions", "continue", "write", "sample", "predict", "infer",
          "inference", "cli", "gen", "text",
        ],
        "gpt2 generate \"a text\" continues a text"
      ),
      (["chat"], "GPT-2 is no chat model; gpt2 generate \"a text\" continues a text"),
      (["server", "api", "http", "web", "ui", "start", "up"], "gpt2 serve answers over HTTP and has a page"),
      (
        ["perplexity", "ppl", "eval", "evaluate", "loglikelihood", "logprobs"],
        "gpt2 score FILE says how likely a text is"
      ),
      (["embedding", "embeddings", "hidden"], "gpt2 embed writes hidden states"),
      (
        ["encode", "decode", "tokens", "tokenizer", "detokenize"],
        "gpt2 tokenize turns text into token ids, and with --decode back"
      ),
      (
        ["quantize", "quantise", "convert", "compare"],
        "--weights int8 quantises as a model is loaded; gpt2 compare-weights FILE says what that costs"
      ),
      (["benchmark", "speed", "perf"], "gpt2 bench measures speed"),
      (["estimate", "simulate", "predict-speed"], "gpt2 plan predicts what a cluster would do"),
      (["join", "node", "client", "slave", "rpc-server"], "gpt2 worker runs blocks for a coordinator"),
      (["coordinator", "master", "cluster"], "gpt2 generate, score, embed or serve with --listen is the coordinator"),
      (["key", "keys", "genkey"], "gpt2 keygen FILE makes a key"),
      (["version"], "gpt2 --version says it"),
      (["list", "ls", "pull", "download", "fetch", "show", "models"], fetch),
    ]
    return Dictionary(pairs.flatMap { names, advice in names.map { ($0, advice) } }) { first, _ in first }
  }()

  /// The candidate that a word was probably to be: one it begins with, or one that a slip or two away.
  static func nearest(to word: String, of candidates: [String]) -> String? {
    let limit = max(1, word.drop { $0 == "-" }.count / 4)
    let close = candidates.map { ($0, distance($0, word)) }.filter { $0.1 <= limit }.min { $0.1 < $1.1 }
    if let close { return close.0 }
    // --workers-count, --max-token-count
    return candidates.filter { $0.count > 4 && word.hasPrefix($0 + "-") }.max { $0.count < $1.count }
  }

  /// Insertions, deletions, exchanges and swaps of neighbours that make one word the other.
  private static func distance(_ one: String, _ other: String) -> Int {
    let (a, b) = (Array(one), Array(other))
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let short = word.count > 60 ? word.prefix(60) + "…" : word[...]
    return "\"" + short.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
