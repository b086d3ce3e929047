public import Platform

/// When every micro-batch was where, on the coordinator's clock.
public struct Timeline: Sendable {
  public struct MicroBatch: Sendable {
    public var sequence: UInt64
    public var rows: Int
    public var embedded: Range<Instant>
    public var finished: Range<Instant>
    /// One for each stage.
    public var stages: [Range<Instant>]
  }

  public internal(set) var stages: [StageDescription] = []
  /// In the order in which they were finished.
  public private(set) var microBatches: [MicroBatch] = []
  /// Earlier micro-batches that there was no room for any more.
  public private(set) var droppedCount = 0
  /// How many of the newest are kept at least.
  let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func add(_ microBatch: MicroBatch) {
    microBatches.append(microBatch)
    // A quarter at a time, so that each costs a constant.
    let room = max(1, limit / 4)
    guard microBatches.count >= limit + room else { return }
    microBatches.removeFirst(room)
    droppedCount += room
  }

  /// The timeline in the Trace Event Format that Perfetto and Chrome open: a row for the coordinator and one for each stage, a
  /// box for each micro-batch.
  public var traceEvents: String {
    let origin = microBatches.map(\.embedded.lowerBound).min() ?? Instant(nanoseconds: 0)
    var lines = [
      #"{"name":"process_name","ph":"M","pid":1,"args":{"name":"gpt2"}}"#, row(0, "coordinator"),
    ]
    for (index, stage) in stages.enumerated() {
      lines.append(row(index + 1, "\(stage.name): blocks \(stage.layers.lowerBound) to \(stage.layers.upperBound - 1)"))
    }
    for microBatch in microBatches {
      lines.append(box("embed", 0, microBatch.embedded, microBatch, origin))
      for (index, range) in microBatch.stages.enumerated() {
        lines.append(box("micro-batch", index + 1, range, microBatch, origin))
      }
      lines.append(box("finish", 0, microBatch.finished, microBatch, origin))
    }
    return #"{"displayTimeUnit":"ms","traceEvents":["# + "\n" + lines.joined(separator: ",\n") + "\n]}\n"
  }

  private func row(_ number: Int, _ name: String) -> String {
    let escaped = name.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      default: scalar.value < 0x20 ? " " : String(scalar)
      }
    }.joined()
    return #"{"name":"thread_name","ph":"M","pid":1,"tid":\#(number),"args":{"name":"\#(escaped)"}},"#
      + "\n" + #"{"name":"thread_sort_index","ph":"M","pid":1,"tid":\#(number),"args":{"sort_index":\#(number)}}"#
  }

  private func box(
    _ name: String, _ row: Int, _ range: Range<Instant>, _ microBatch: MicroBatch, _ origin: Instant
  ) -> String {
    // Another machine's clock may lie a little before the coordinator's.
    let start = (range.lowerBound - origin) / .microseconds(1)
    let duration = (range.upperBound - range.lowerBound) / .microseconds(1)
    return
      #"{"name":"\#(name) \#(microBatch.sequence)","cat":"micro-batch","ph":"X","pid":1,"tid":\#(row),"ts":\#(start),"dur":\#(duration),"args":{"micro-batch":\#(microBatch.sequence),"rows":\#(microBatch.rows)}}"#
  }
}
