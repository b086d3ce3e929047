import Foundation
import Platform
import TestSupport
import Testing

@testable import Coordinator

@Suite("A timeline's trace events") struct TraceTests {
  private struct Trace: Decodable {
    struct Event: Decodable {
      struct Arguments: Decodable {
        var name: String?
        var rows: Int?
        var sortIndex: Int?

        enum CodingKeys: String, CodingKey {
          case name, rows
          case sortIndex = "sort_index"
        }
      }

      var name: String
      var ph: String
      var pid: Int
      var tid: Int?
      var ts: Double?
      var dur: Double?
      var args: Arguments
    }

    var displayTimeUnit: String
    var traceEvents: [Event]
  }

  private static func trace(_ timeline: Timeline) throws -> Trace {
    try JSONDecoder().decode(Trace.self, from: Data(timeline.traceEvents.utf8))
  }

  @Test("are JSON with a row for each station and a box for each part of a micro-batch")
  func boxes() throws {
    var timeline = Timeline(limit: 100)
    timeline.stages = [
      StageDescription(name: "a\"b\\c\u{1}ü", address: "", layers: 0..<3, threads: 1, kernels: ""),
      StageDescription(name: "d", address: "", layers: 3..<4, threads: 1, kernels: ""),
    ]
    timeline.add(
      Timeline.MicroBatch(
        sequence: 3, rows: 5, embedded: 2_000_000..<2_001_500, finished: 2_020_000..<2_030_000,
        // The other machine's clock is not as well known as that.
        stages: [1_999_000..<2_004_250, 2_005_000..<2_005_000]))
    let trace = try Self.trace(timeline)
    let rows = trace.traceEvents.filter { $0.name == "thread_name" }
    #expect(rows.map(\.args.name) == ["coordinator", "a\"b\\c ü: blocks 0 to 2", "d: blocks 3 to 3"])
    #expect(rows.map(\.tid) == [0, 1, 2])
    #expect(trace.traceEvents.compactMap(\.args.sortIndex) == [0, 1, 2])
    let boxes = trace.traceEvents.filter { $0.ph == "X" }
    #expect(boxes.map(\.name) == ["embed 3", "micro-batch 3", "micro-batch 3", "finish 3"])
    #expect(boxes.map(\.tid) == [0, 1, 2, 0])
    #expect(boxes.map(\.ts) == [0, -1, 5, 20])
    #expect(boxes.map(\.dur) == [1.5, 5.25, 0, 10])
    #expect(boxes.allSatisfy { $0.args.rows == 5 && $0.pid == 1 })
  }

  @Test("are JSON when nothing was seen")
  func empty() throws {
    let trace = try Self.trace(Timeline(limit: 100))
    #expect(trace.traceEvents.allSatisfy { $0.ph == "M" })
    #expect(trace.displayTimeUnit == "ms")
  }
}
