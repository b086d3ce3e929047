import Testing

@testable import Server

@Suite("Metrics")
struct MetricsTests {
  @Test("count a value in the first bucket that holds it")
  func histogram() {
    var histogram = Histogram([0.1, 1, 10])
    for value in [0, 0.1, 0.11, 1, 5, 10.5, 1e9] { histogram.add(value) }
    #expect(histogram.counts == [2, 2, 1, 2] && histogram.count == 7)
    #expect(histogram.sum == 0.1 + 0.11 + 1 + 5 + 10.5 + 1e9)
    #expect(Histogram.seconds == Histogram.seconds.sorted())
  }

  @Test("are written as Prometheus reads them, buckets adding up")
  func text() {
    var histogram = Histogram([0.5, 1])
    for value in [0.25, 0.75, 2] { histogram.add(value) }
    var text = PrometheusText()
    text.single("a", .gauge, "A.", 3)
    text.begin("b_total", .counter, "B.")
    text.add("b_total", ["route": "/x", "name": "q\"\\\n"], 1.5)
    text.histogram("c", "C.", histogram)
    #expect(
      text.text == """
        # HELP a A.
        # TYPE a gauge
        a 3
        # HELP b_total B.
        # TYPE b_total counter
        b_total{route="/x",name="q\\"\\\\\\n"} 1.5
        # HELP c C.
        # TYPE c histogram
        c_bucket{le="0.5"} 1
        c_bucket{le="1"} 2
        c_bucket{le="+Inf"} 3
        c_sum 3
        c_count 3

        """)
  }

  @Test("of requests add up: those that run, those answered and those abandoned")
  func requests() {
    let metrics = ServerMetrics()
    for _ in 0..<3 { metrics.began() }
    metrics.ended("/", status: 200, after: .milliseconds(3), isWhole: true)
    metrics.ended("/v1/completions", status: 499, after: .seconds(2), isWhole: false)
    metrics.read(tokens: 7)
    metrics.wrote(after: .milliseconds(30), isFirst: true)
    metrics.wrote(after: .milliseconds(2), isFirst: false)
    var text = PrometheusText()
    metrics.describe(into: &text)
    for line in [
      #"gpt2_http_requests_total{route="/",status="200"} 1"#,
      #"gpt2_http_requests_total{route="/v1/completions",status="499"} 1"#,
      "gpt2_http_requests_running 1", "gpt2_http_abandoned_total 1", "gpt2_prompt_tokens_total 7",
      "gpt2_completion_tokens_total 2", "gpt2_time_to_first_token_seconds_count 1",
      "gpt2_time_between_tokens_seconds_count 1", "gpt2_http_request_seconds_count 2",
    ] {
      #expect(text.text.contains("\n\(line)\n"), "\(line)")
    }
    #expect(metrics.finished == 1 && metrics.tokens == (7, 2))
  }
}
