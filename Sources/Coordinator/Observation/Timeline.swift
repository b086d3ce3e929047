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
  /// Times in which no work went through, from noticing a loss to work going on; the first some thousand.
  public private(set) var interruptions: [Range<Instant>] = []
  /// Earlier micro-batches that there was no room for any more.
  public private(set) var droppedCount = 0
  /// How many of the newest are kept at least.
  let limit: Int

  private static let interruptionLimit = 4096

  init(limit: Int) { self.limit = limit }

  mutating func add(interruption: Range<Instant>) {
    if interruptions.count < Self.interruptionLimit { interruptions.append(interruption) }
  }

  mutating func add(_ microBatch: MicroBatch) {
    microBatches.append(microBatch)
    // A quarter at a time, so that each costs a constant.
    let room = max(1, limit / 4)
    guard microBatches.count >= limit + room else { return }
    microBatches.removeFirst(room)
    droppedCount += room
  }

  /// The timeline in the Trace Event Format that Perfetto and Chrome open: a row for the coordinator and one for each stage, a
  /// box for each micro-batch, and on the coordinator's row one for each interruption.
  public var traceEvents: String {
    let starts = microBatches.map(\.embedded.lowerBound) + interruptions.map(\.lowerBound)
    let origin = starts.min() ?? Instant(nanoseconds: 0)
    var lines = [
      #"{"name":"process_name","ph":"M","pid":1,"args":{"name":"gpt2"}}"#, row(0, "coordinator"),
    ]
    for (index, stage) in stages.enumerated() {
      lines.append(row(index + 1, "\(stage.name): blocks \(stage.layers.lowerBound) to \(stage.layers.upperBound - 1)"))
    }
    // Plans that were lost may have had more stages than the last.
    for number in stages.count..<max(stages.count, microBatches.map(\.stages.count).max() ?? 0) {
      lines.append(row(number + 1, "stage \(number + 1) of an earlier plan"))
    }
    for interruption in interruptions { lines.append(box(interruption, origin)) }
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

  private func box(_ interruption: Range<Instant>, _ origin: Instant) -> String {
    let (start, duration) = Self.microseconds(interruption, origin)
    return
      #"{"name":"recovery","cat":"recovery","ph":"X","pid":1,"tid":0,"ts":\#(start),"dur":\#(duration),"args":{}}"#
  }

  private func box(
    _ name: String, _ row: Int, _ range: Range<Instant>, _ microBatch: MicroBatch, _ origin: Instant
  ) -> String {
    let (start, duration) = Self.microseconds(range, origin)
    return
      #"{"name":"\#(name) \#(microBatch.sequence)","cat":"micro-batch","ph":"X","pid":1,"tid":\#(row),"ts":\#(start),"dur":\#(duration),"args":{"micro-batch":\#(microBatch.sequence),"rows":\#(microBatch.rows)}}"#
  }

  /// Where it begins, and how long it is. Another machine's clock may lie a little before the coordinator's.
  private static func microseconds(_ range: Range<Instant>, _ origin: Instant) -> (start: Double, duration: Double) {
    ((range.lowerBound - origin) / .microseconds(1), (range.upperBound - range.lowerBound) / .microseconds(1))
  }
}
