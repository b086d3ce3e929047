internal import Coordinator
internal import Synchronization

/// What the server has done, for `/metrics`.
final class ServerMetrics: Sendable {
  private let state = Mutex(State())

  private struct State {
    /// By route and status.
    var answers: [Answer: Int] = [:]
    var running = 0
    var tokensRead = 0
    var tokensWritten = 0
    var abandoned = 0
    var firstToken = Histogram(Histogram.seconds)
    var nextToken = Histogram(Histogram.seconds)
    var request = Histogram(Histogram.seconds)
  }

  private struct Answer: Hashable {
    var route: String
    var status: Int
  }

  /// A request came in.
  func began() { state.withLock { $0.running += 1 } }

  /// It was answered, its stream to the end included.
  ///
  /// - Parameter isWhole: false when its client went away before the end.
  func ended(_ route: String, status: Int, after time: Duration, isWhole: Bool) {
    state.withLock { state in
      state.running -= 1
      if !isWhole { state.abandoned += 1 }
      state.answers[Answer(route: route, status: status), default: 0] += 1
      state.request.add(time / .seconds(1))
    }
  }

  func read(tokens: Int) { state.withLock { $0.tokensRead += tokens } }

  /// A token was written, `time` after the one before it, or after its request came.
  func wrote(after time: Duration, isFirst: Bool) {
    state.withLock { state in
      state.tokensWritten += 1
      if isFirst { state.firstToken.add(time / .seconds(1)) } else { state.nextToken.add(time / .seconds(1)) }
    }
  }

  /// Requests for work of the model that have been answered.
  var finished: Int {
    state.withLock { $0.answers.reduce(0) { Self.workRoutes.contains($1.key.route) ? $0 + $1.value : $0 } }
  }
  private static let workRoutes: Set = ["/v1/completions", "/v1/embeddings"]
  /// Tokens of prompts so far, and tokens written.
  var tokens: (read: Int, written: Int) { state.withLock { ($0.tokensRead, $0.tokensWritten) } }

  /// Adds the server's own series.
  func describe(into text: inout PrometheusText) {
    let state = state.withLock { $0 }
    text.begin("gpt2_http_requests_total", .counter, "Requests answered, by route and status.")
    for (answer, count) in state.answers.sorted(by: { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }) {
      text.add("gpt2_http_requests_total", ["route": answer.route, "status": "\(answer.status)"], Double(count))
    }
    text.single("gpt2_http_requests_running", .gauge, "Requests being answered.", Double(state.running))
    text.single(
      "gpt2_http_abandoned_total", .counter, "Requests whose client went away before the end.", Double(state.abandoned))
    text.single("gpt2_prompt_tokens_total", .counter, "Tokens of prompts taken in.", Double(state.tokensRead))
    text.single("gpt2_completion_tokens_total", .counter, "Tokens written.", Double(state.tokensWritten))
    text.histogram(
      "gpt2_time_to_first_token_seconds", "From a request to the first token of each text.", state.firstToken)
    text.histogram("gpt2_time_between_tokens_seconds", "From each token of a text to its next.", state.nextToken)
    text.histogram("gpt2_http_request_seconds", "From a request to the end of its answer.", state.request)
  }
}
