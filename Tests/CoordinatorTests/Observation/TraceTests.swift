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

  @Test("have interruptions on the coordinator's row, and rows for the stages of plans that were lost")
  func interruptions() throws {
    var timeline = Timeline(limit: 100)
    timeline.stages = [StageDescription(name: "a", address: "", layers: 0..<4, threads: 1, kernels: "")]
    timeline.add(
      Timeline.MicroBatch(
        sequence: 0, rows: 5, embedded: 2_000_000..<2_001_000, finished: 2_005_000..<2_006_000,
        stages: [2_001_000..<2_002_000, 2_003_000..<2_004_000]))
    timeline.add(interruption: 2_010_000..<2_250_000)
    let trace = try Self.trace(timeline)
    let rows = trace.traceEvents.filter { $0.name == "thread_name" }
    #expect(rows.map(\.tid) == [0, 1, 2] && rows[2].args.name == "stage 2 of an earlier plan")
    let boxes = trace.traceEvents.filter { $0.name == "recovery" }
    #expect(boxes.map(\.tid) == [0] && boxes.map(\.ts) == [10] && boxes.map(\.dur) == [240])
  }

  @Test("are of bounded size, however often something is lost")
  func bounded() {
    var timeline = Timeline(limit: 1)
    for start in 0..<10_000 as Range<UInt64> {
      timeline.add(interruption: Instant(nanoseconds: start)..<Instant(nanoseconds: start + 1))
    }
    #expect(timeline.interruptions.count == 4096)
  }

  @Test("are JSON when nothing was seen")
  func empty() throws {
    let trace = try Self.trace(Timeline(limit: 100))
    #expect(trace.traceEvents.allSatisfy { $0.ph == "M" })
    #expect(trace.displayTimeUnit == "ms")
  }
}
