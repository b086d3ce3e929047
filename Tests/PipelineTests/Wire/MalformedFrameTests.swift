import MicroBatching
import TestSupport
import Testing

@testable import Pipeline

/// What else a frame may be than a message: each is refused by name, and nothing of it is believed.
@Suite("Malformed frames")
struct MalformedFrameTests {
  private static func frame(_ kind: Message.Kind) throws -> [UInt8] {
    let example = try #require(Message.examples.first { $0.message.kind == kind })
    return example.message.encode(header: example.header)
  }

  @Test("cut anywhere", arguments: Message.Kind.allCases)
  func truncation(kind: Message.Kind) throws {
    let frame = try Self.frame(kind)
    for count in 0..<frame.count {
      var cut = Array(frame.prefix(count))
      #expect(throws: WireError.tooShort(bytes: count, expected: max(Header.byteCount, count < 40 ? 40 : frame.count)))
      {
        try Message.decode(cut)
      }
      // With a header that agrees, it is a field that is cut.
      guard count >= Header.byteCount else { continue }
      cut.replaceSubrange(36..<40, with: (0..<4).map { UInt8(truncatingIfNeeded: (count - 40) >> (8 * $0)) })
      do throws(WireError) {
        _ = try Message.decode(cut)
        Issue.record("\(count) bytes of \(frame.count) were taken for a message")
      } catch {
        guard case .tooShort(count, let expected) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(expected > count)
      }
    }
  }

  @Test("with a byte changed are refused, or are another message", arguments: Message.Kind.allCases)
  func corruption(kind: Message.Kind) throws {
    let frame = try Self.frame(kind)
    var taken = 0
    for place in frame.indices {
      for change in (0..<8).map({ 1 << $0 as UInt8 }) + [0x7F, 0xFF, frame[place]] where change != 0 {
        var corrupt = frame
        corrupt[place] ^= change
        do throws(WireError) {
          let (header, message) = try Message.decode(corrupt)
          taken += 1
          #expect(message.encode(header: header) == corrupt, "byte \(place)")
        } catch {
          #expect(error.description.isPrintable)
          if place < 4 { #expect(error == .notOurs(magic: Array(corrupt.prefix(4)))) }
          if case .otherVersion = error { #expect((4..<6).contains(place)) }
        }
      }
    }
    // Coordinator, number, sequence and plan may be any.
    #expect(taken >= 8 * 28)
  }

  @Test("of random bytes, with and without a sound header", arguments: 0..<20)
  func noise(seed: Int) throws {
    var source = SeededNumbers(seed)
    for _ in 0..<500 {
      let body = source.bytes(Int.random(in: 0..<200, using: &source)).map { $0 % 3 == 0 ? $0 : 0 }
      var frame = try Self.frame(Message.Kind.allCases.randomElement(using: &source)!).prefix(36)
      frame += (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (8 * $0)) } + body
      if let (header, message) = try? Message.decode(Array(frame)) {
        #expect(message.encode(header: header) == Array(frame))
      }
      _ = try? Message.decode(body)
    }
  }

  @Test("of another version are called so, whatever else that version changed")
  func otherVersion() throws {
    let error = WireError.otherVersion(found: 5, expected: 4)
    #expect(throws: error) { try Message.decode(Array("GPT2".utf8) + [5, 0]) }
    #expect(throws: error) { try Message.decode(Array("GPT2".utf8) + [5, 0] + Array(repeating: 0xFF, count: 90)) }
    #expect(error.description.contains("version 5"))
  }

  @Test("of strangers", arguments: [Array("GET / HTTP/1.1\r\n\r\n".utf8), [0], Array(repeating: 0xFF, count: 100)])
  func strangers(frame: [UInt8]) {
    #expect(throws: WireError.notOurs(magic: Array(frame.prefix(4)))) { try Message.decode(frame) }
  }

  @Test("of no kind", arguments: [0, 7, 16, 34, 53, 0xFFFF] as [UInt16])
  func unknownKind(kind: UInt16) throws {
    var frame = try Self.frame(.pulse)
    frame[6] = UInt8(truncatingIfNeeded: kind)
    frame[7] = UInt8(kind >> 8)
    #expect(throws: WireError.unknownKind(kind)) { try Message.decode(frame) }
  }

  @Test("that go on behind their end", arguments: Message.Kind.allCases)
  func trailing(kind: Message.Kind) throws {
    var frame = try Self.frame(kind) + [0]
    #expect(throws: WireError.trailingBytes(1)) { try Message.decode(frame) }
    let length = frame.count - Header.byteCount
    frame.replaceSubrange(36..<40, with: [UInt8(length & 0xFF), UInt8(length >> 8), 0, 0])
    #expect(throws: WireError.trailingBytes(1)) { try Message.decode(frame) }
  }

  /// A frame of `kind` with the fields that `write` appends.
  private static func frame(_ kind: Message.Kind, _ write: (inout WireWriter) -> Void) -> [UInt8] {
    var body = WireWriter()
    write(&body)
    var frame = WireWriter()
    Header(number: 0).write(to: &frame, kind: kind, bodyByteCount: body.bytes.count)
    return frame.bytes + body.bytes
  }

  private static func refusedField(_ frame: [UInt8]) -> String? {
    do throws(WireError) {
      _ = try Message.decode(frame)
      return nil
    } catch {
      guard case .field(let name, _, _) = error else { return "\(error)" }
      return name
    }
  }

  @Test(
    "with texts that are none",
    arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x0A], [0x1B], [0xE2, 0x80, 0xAE]] as [[UInt8]])
  func text(bytes: [UInt8]) {
    #expect(Self.refusedField(Self.frame(.failure) { $0.bytes(bytes, in: 0...9) }) == "failure.reason")
  }

  @Test("with numbers that are none", arguments: [.nan, .infinity, -1, -.leastNonzeroMagnitude] as [Double])
  func numbers(seconds: Double) {
    let frame = Self.frame(.measurement) { writer in
      for word in [1, 5] { writer.word(word, in: 0...9) }
      writer.anyLong(seconds.bitPattern)
    }
    #expect(Self.refusedField(frame) == "measurement.seconds")
  }

  @Test("with rows that do not ascend", arguments: [[5, 5], [5, 4]])
  func descending(rows: [Int]) {
    let frame = Self.frame(.measurement) { writer in
      writer.word(rows.count, in: 0...9)
      for row in rows { BlockTime(rows: row, seconds: 1).write(to: &writer) }
    }
    #expect(Self.refusedField(frame) == "measurement.points")
  }

  @Test("with times that run backwards")
  func times() {
    let heartbeat = Self.frame(.heartbeat) { writer in
      for time in [0, 5, 9, 6, 0, 0] as [UInt64] { writer.anyLong(time) }
    }
    #expect(Self.refusedField(heartbeat) == "heartbeat.pulseArrival")
    let pass = Self.frame(.pass) { writer in
      for word in [8, 3, 0, 0, 1] { writer.word(word, in: 0...9) }
      for time in [5, 4, 0, 0] as [UInt64] { writer.anyLong(time) }
      for _ in 0..<2 { writer.flag(true) }
    }
    #expect(Self.refusedField(pass) == "pass.record.computed")
    let pulse = Self.frame(.pulse) { $0.anyLong(1 << 62 + 1) }
    #expect(Self.refusedField(pulse) == "pulse.time")
  }

  @Test("with places that do not exist")
  func places() throws {
    /// The example's bytes with a 4-byte number replaced.
    func assignment(at offset: Int, _ value: UInt8) throws -> String? {
      var frame = try Self.frame(.assignment)
      frame[Header.byteCount + offset] = value
      return Self.refusedField(frame)
    }
    // Behind the two tensors, of 68 and 55 bytes, come two flags and the stages.
    let index = 4 + 4 + 8 + 1 + 4 + 68 + 55 + 1 + 1 + 4
    #expect(try assignment(at: index, 3) == "assignment.stage.index")
    #expect(try assignment(at: index, 2) == nil)
    #expect(try assignment(at: 4, 3) == "assignment.layers.upperBound")
    #expect(try assignment(at: 4, 4) == nil)
  }

  @Test("with more rows than a micro-batch has, or a tensor larger than any")
  func products() {
    let pass = Self.frame(.pass) { writer in
      for word in [8, 3, 2, 0, 0, 65536, 1, 0, 1, 0, 0] { writer.word(word, in: 0...65536) }
    }
    #expect(Self.refusedField(pass) == "pass.segments")
    let tensor = Self.frame(.assignment) { writer in
      for word in [0, 1] { writer.word(word, in: 0...1) }
      writer.sentence("auto", in: WireLimits.weights)
      writer.flag(true)
      writer.word(1, in: 1...1)
      writer.name("w", in: 1...1)
      writer.byte(0, in: 0...0)
      writer.byte(4, in: 4...4)
      for _ in 0..<4 { writer.word(1 << 24, in: WireLimits.tensorExtent) }
    }
    #expect(Self.refusedField(tensor) == "assignment.tensor.shape")
  }

  @Test("that promise more than is there take no memory for it", arguments: [1024, 4096])
  func promises(count: Int) {
    let frame = Self.frame(.pass) { writer in
      writer.word(8, in: 8...8)
      writer.word(3, in: 3...3)
      writer.word(count, in: WireLimits.segments)
    }
    let expected = frame.count + 12 * count
    #expect(throws: WireError.tooShort(bytes: frame.count, expected: expected)) { try Message.decode(frame) }
  }

  @Test("of activations that are not rows times width")
  func payload() throws {
    let pass = Pass(microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 3)]), width: 5, records: [])
    #expect(pass.payloadByteCount(into: 1) == 60)
    try pass.checkPayload(byteCount: 60, into: 1)
    for count in [0, 59, 61, 64] {
      #expect(throws: WireError.wrongPayload(bytes: count, rows: 3, width: 5)) {
        try pass.checkPayload(byteCount: count, into: 1)
      }
    }
    let empty = Pass(microBatch: MicroBatch(releasing: [1]), width: 5, records: [])
    try empty.checkPayload(byteCount: 0, into: 1)
    let largest = Pass(
      microBatch: MicroBatch([Segment(slot: 0, start: 0, count: WireLimits.rows.upperBound)]),
      width: WireLimits.width.upperBound, records: [])
    #expect(largest.payloadByteCount(into: 1) == 1 << 34)
  }
}
