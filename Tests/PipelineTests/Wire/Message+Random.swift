import MicroBatching
import Pipeline
import TestSupport

extension ClosedRange<Int> {
  /// Every third time a bound.
  func random(_ source: inout SeededNumbers) -> Int {
    switch Int.random(in: 0..<6, using: &source) {
    case 0: lowerBound
    case 1: upperBound
    default: .random(in: self, using: &source)
    }
  }

  /// A count of these, but few.
  func few(_ source: inout SeededNumbers) -> Int { .random(in: lowerBound...(lowerBound + 5), using: &source) }
}

extension SeededNumbers {
  mutating func nanoseconds(atMost limit: UInt64 = WireLimits.nanoseconds) -> UInt64 {
    Bool.random(using: &self) ? limit : .random(in: 0...limit, using: &self)
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255, using: &self) } }

  /// Characters of one to four bytes, some of which combine, up to the greatest number of bytes.
  mutating func text(_ range: ClosedRange<Int>) -> String {
    let characters: [Unicode.Scalar] = ["a", " ", "é", "e", "\u{301}", "中", "🙂", "\"", "\u{FFFD}"]
    let limit = range.random(&self)
    var text = "a"
    while let next = characters.randomElement(using: &self), text.utf8.count + UTF8.width(next) <= limit {
      text.unicodeScalars.append(next)
    }
    return limit == 0 ? "" : text
  }
}

extension Message {
  static func random(_ kind: Kind, _ source: inout SeededNumbers) -> Message {
    switch kind {
    case .hello:
      .hello(
        Hello(
          name: source.text(WireLimits.workerName), incarnation: source.next(),
          programVersion: source.text(WireLimits.name), kernels: source.text(WireLimits.name),
          threads: WireLimits.threads.random(&source), memory: WireLimits.byteCount.random(&source),
          cores: WireLimits.threads.random(&source), host: source.text(WireLimits.name),
          address: source.text(WireLimits.address), folder: source.text(WireLimits.sentence),
          configuration: Bool.random(using: &source) ? source.bytes(32) : [],
          weights: source.text(WireLimits.weights)))
    case .measurement:
      .measurement(
        Measurement(
          points: Set((0..<WireLimits.measurementPoints.few(&source)).map { _ in WireLimits.rows.random(&source) })
            .sorted().map {
              BlockTime(rows: $0, seconds: [0, .leastNonzeroMagnitude, 0.1].randomElement(using: &source)!)
            }
        ))
    case .wanted:
      .wanted(
        Wanted(
          tensor: WireLimits.tensorIndices.random(&source), offset: WireLimits.byteCount.random(&source),
          pieces: WireLimits.pieces.random(&source)))
    case .ready:
      .ready(
        Ready(
          bytesRead: WireLimits.byteCount.random(&source), bytesReceived: WireLimits.byteCount.random(&source),
          bytesCached: WireLimits.byteCount.random(&source), nanoseconds: source.nanoseconds()))
    case .heartbeat: .heartbeat(randomHeartbeat(&source))
    case .failure:
      .failure(
        Failure(
          reason: source.text(WireLimits.sentence), link: [nil, .incoming, .outgoing].randomElement(using: &source)!))
    case .welcome:
      .welcome(
        Welcome(
          configuration: source.bytes(WireLimits.configuration.few(&source)), weights: source.text(WireLimits.weights),
          blockWeights: source.text(WireLimits.weights), measures: Bool.random(using: &source)))
    case .refusal: .refusal(Refusal(reason: source.text(WireLimits.sentence)))
    case .assignment: .assignment(randomAssignment(&source))
    case .piece:
      .piece(
        Piece(
          tensor: WireLimits.tensorIndices.random(&source), offset: WireLimits.byteCount.random(&source),
          bytes: source.bytes(WireLimits.piece.few(&source))))
    case .pulse: .pulse(Pulse(time: source.nanoseconds()))
    case .goodbye: .goodbye(Goodbye(reason: source.text(WireLimits.sentence)))
    case .open: .open(Open(stage: WireLimits.openStages.random(&source), secret: source.bytes(32)))
    case .credit: .credit(Credit(passes: WireLimits.credits.random(&source)))
    case .pass: .pass(randomPass(&source))
    case .beat: .beat(Beat())
    }
  }

  private static func randomHeartbeat(_ source: inout SeededNumbers) -> Heartbeat {
    let time = source.nanoseconds()
    return Heartbeat(
      progress: source.next(), time: time, pulse: source.nanoseconds(),
      pulseArrival: source.nanoseconds(atMost: time), taken: source.next(), passed: source.next())
  }

  private static func randomAssignment(_ source: inout SeededNumbers) -> Assignment {
    let stageCount = WireLimits.stages.random(&source)
    let first = WireLimits.layers.random(&source)
    let sharesFiles = Bool.random(using: &source)
    let tensors = (0..<WireLimits.tensors.few(&source)).map { _ in
      var shape = (0..<WireLimits.tensorRank.random(&source)).map { _ in WireLimits.tensorExtent.random(&source) }
      while shape.reduce(1.0, { $0 * Double($1) }) > Double(WireLimits.tensorElements) { shape.removeLast() }
      return TensorDescription(
        name: source.text(WireLimits.name), elementType: ["F32", "F16", "BF16"].randomElement(using: &source)!,
        shape: shape, fingerprint: sharesFiles ? [] : source.bytes(32))
    }
    let slotCount = WireLimits.slots.random(&source)
    let stage = StageAssignment(
      index: (0...(stageCount - 1)).random(&source), count: stageCount, slotCount: slotCount,
      rowLimit: WireLimits.rows.random(&source), credits: WireLimits.credits.random(&source),
      keptSlots: (0...slotCount).random(&source),
      next: source.text(WireLimits.address), incoming: randomTerms(&source), outgoing: randomTerms(&source),
      patience: source.nanoseconds())
    return Assignment(
      layers: first..<(first...WireLimits.layers.upperBound).random(&source),
      weights: source.text(WireLimits.weights), sharesFiles: sharesFiles, tensors: tensors,
      stage: source.chance(oneIn: 4) ? nil : stage)
  }

  private static func randomTerms(_ source: inout SeededNumbers) -> LinkTerms {
    LinkTerms(secret: source.bytes(32), peerKey: Bool.random(using: &source) ? source.bytes(32) : [])
  }

  private static func randomPass(_ source: inout SeededNumbers) -> Pass {
    var microBatch = MicroBatch(
      releasing: (0..<Int.random(in: 0..<4, using: &source)).map { _ in
        WireLimits.slotIndices.random(&source)
      })
    for _ in 0..<Int.random(in: 0..<6, using: &source) where microBatch.rowCount < WireLimits.rows.upperBound {
      microBatch.append(
        Segment(
          slot: WireLimits.slotIndices.random(&source), start: WireLimits.positions.random(&source),
          count: (1...(WireLimits.rows.upperBound - microBatch.rowCount)).random(&source)))
    }
    let records = (0..<WireLimits.stageRecords.few(&source)).map { _ in
      let computed = source.nanoseconds()
      return StageRecord(
        received: source.nanoseconds(atMost: computed), computed: computed, waited: source.nanoseconds(),
        sent: source.nanoseconds(), isFiniteReceived: Bool.random(using: &source),
        isFiniteComputed: Bool.random(using: &source))
    }
    let refill = WireLimits.openStages.random(&source)
    return Pass(
      microBatch: microBatch, width: WireLimits.width.random(&source), refill: refill < 0 ? nil : refill,
      records: records)
  }
}
