import MicroBatching
import TestSupport
import Testing

@testable import Pipeline

@Suite("Message")
struct MessageTests {
  @Test("comes out as it went in, whatever its fields", arguments: Message.Kind.allCases)
  func roundTrip(kind: Message.Kind) throws {
    var source = SeededNumbers(Int(kind.rawValue))
    for _ in 0..<200 {
      let message = Message.random(kind, &source)
      let header = Header(
        epoch: Epoch(coordinator: source.next(), plan: UInt32(truncatingIfNeeded: source.next())),
        number: source.next(),
        sequence: source.next())
      let bytes = message.encode(header: header)
      let (decodedHeader, decoded) = try Message.decode(bytes)
      #expect(decodedHeader == header)
      #expect(decoded == message)
      #expect(decoded.encode(header: decodedHeader) == bytes)
    }
  }

  @Test("is within the longest frame, however long its lists and texts are")
  func longest() throws {
    let tensor = TensorDescription(
      name: String(repeating: "n", count: WireLimits.name.upperBound), elementType: "F32", shape: [1, 2, 3, 4],
      fingerprint: Array(repeating: 7, count: WireLimits.fingerprint))
    let segment = Segment(slot: 1, start: 2, count: 3)
    let record = StageRecord(received: 1, computed: 2, waited: 3, sent: 4)
    let name = String(repeating: "w", count: WireLimits.weights.upperBound)
    let messages: [Message] = [
      .assignment(
        Assignment(
          layers: 0..<1024, weights: name, sharesFiles: false,
          tensors: Array(repeating: tensor, count: WireLimits.tensors.upperBound),
          stage: StageAssignment(
            index: 0, count: 1, slotCount: 1, rowLimit: 1, credits: 1,
            next: String(repeating: "a", count: WireLimits.address.upperBound),
            incoming: LinkTerms(secret: Array(1..<33), peerKey: Array(1..<33)),
            outgoing: LinkTerms(secret: Array(1..<33), peerKey: Array(1..<33)), patience: 1))),
      .welcome(
        Welcome(
          configuration: Array(repeating: 1, count: WireLimits.configuration.upperBound), weights: name,
          blockWeights: name,
          measures: false)),
      .piece(Piece(tensor: 0, offset: 0, bytes: Array(repeating: 1, count: Piece.byteLimit))),
      .pass(
        Pass(
          microBatch: MicroBatch(
            Array(repeating: segment, count: WireLimits.segments.upperBound),
            releasing: Array(repeating: 1, count: WireLimits.segments.upperBound)),
          width: 1, records: Array(repeating: record, count: WireLimits.stageRecords.upperBound))),
    ]
    for message in messages {
      let bytes = message.encode(header: Header(number: 0))
      #expect(bytes.count <= WireLimits.message)
      #expect(try Message.decode(bytes).1 == message)
    }
  }

  @Test("has its sentences made fit to be shown, and cut at a character")
  func sentences() throws {
    let long = String(repeating: "é", count: 3000)
    for (text, expected) in [
      ("two\nlines\u{1B}[31m", "two\u{FFFD}lines\u{FFFD}[31m"), ("\u{202E}txt", "\u{FFFD}txt"),
      (long, String(long.prefix(2048))), ("a" + long, "a" + String(long.prefix(2047))),
    ] {
      let bytes = Message.failure(Failure(reason: text)).encode(header: Header(number: 0))
      #expect(try Message.decode(bytes).1 == .failure(Failure(reason: expected)))
    }
  }

  @Test("that is beyond its bounds is a mistake of ours")
  func misuse() async {
    await #expect(processExitsWith: .failure) {
      _ = Message.credit(Credit(passes: 0)).encode(header: Header(number: 0))
    }
    await #expect(processExitsWith: .failure) {
      _ = Message.pulse(Pulse(time: .max)).encode(header: Header(number: 0))
    }
    await #expect(processExitsWith: .failure) {
      let pass = Pass(
        microBatch: MicroBatch(Array(repeating: Segment(slot: 0, start: 0, count: 40000), count: 2)), width: 1,
        records: [])
      _ = Message.pass(pass).encode(header: Header(number: 0))
    }
  }
}
