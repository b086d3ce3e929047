import MicroBatching
import Pipeline

extension Message {
  private static let epoch = Epoch(coordinator: 0x1122_3344_5566_7788, plan: 3)

  /// The messages that docs/WIRE.md spells out, with their headers.
  static let examples: [(header: Header, message: Message)] = [
    (
      Header(number: 0),
      .hello(
        Hello(
          name: "attic", incarnation: 0x0123_4567_89AB_CDEF, process: 0xFEDC_BA98_7654_3210,
          programVersion: "0.3", kernels: "avx512", threads: 2, memory: 4_000_000_000, cores: 8, host: "b2e8",
          address: "tcp://10.77.0.2:7071",
          folder: "/models/größer",
          configuration: Array(0..<32), weights: "auto"))
    ),
    (
      Header(number: 2),
      .measurement(
        Measurement(points: [BlockTime(rows: 1, seconds: 0.0009765625), BlockTime(rows: 128, seconds: 0.015)]))
    ),
    (Header(epoch: epoch, number: 7), .wanted(Wanted(tensor: 5, offset: 0x1_0000_0002, pieces: 16))),
    (
      Header(epoch: epoch, number: 7),
      .ready(
        Ready(
          bytesRead: 1000, bytesReceived: 28_351_488, bytesCached: 0x12_3456_789A, nanoseconds: 1_500_000_000))
    ),
    (
      Header(epoch: epoch, number: 7),
      .heartbeat(
        Heartbeat(
          progress: .max, time: 1 << 62, pulse: 123_456_789, pulseArrival: 1 << 62 - 1, taken: 1_000_000,
          passed: 999_999
        ))
    ),
    (Header(epoch: epoch, number: 7), .failure(Failure(reason: "was not heard for 1.5 s", link: .incoming))),
    (
      Header(epoch: Epoch(coordinator: epoch.coordinator, plan: 0), number: 0),
      .welcome(
        Welcome(
          configuration: Array(#"{"n_layer": 12}"#.utf8), weights: "auto", blockWeights: "bf16", measures: true))
    ),
    (Header(number: 0), .refusal(Refusal(reason: "has another checkpoint"))),
    (
      Header(epoch: epoch, number: 7),
      .assignment(
        Assignment(
          layers: 4..<7, weights: "auto", sharesFiles: false,
          tensors: [
            TensorDescription(
              name: "h.4.attn.c_attn.weight", elementType: "BF16", shape: [768, 2304], fingerprint: Array(64..<96)),
            TensorDescription(
              name: "h.4.ln_1.bias", elementType: "F32", shape: [768], fingerprint: Array(128..<160)),
          ],
          stage: StageAssignment(
            index: 1, count: 3, slotCount: 32, rowLimit: 512, credits: 6, keptSlots: 16, next: "tcp://10.77.0.3:7071",
            incoming: LinkTerms(secret: Array(1..<33), peerKey: Array(33..<65)),
            outgoing: LinkTerms(secret: Array(65..<97)), patience: 1_500_000_000), keepsCache: true))
    ),
    (Header(epoch: epoch, number: 7), .piece(Piece(tensor: 1, offset: 262144, bytes: [1, 2, 3, 250]))),
    (Header(epoch: epoch, number: 7), .pulse(Pulse(time: 987_654_321))),
    (Header(epoch: epoch, number: 7), .goodbye(Goodbye(reason: "", joinsAgain: true))),
    (Header(epoch: epoch, number: 0), .open(Open(stage: -1, secret: Array(1..<33)))),
    (Header(epoch: epoch, number: 0), .credit(Credit(passes: 4))),
    (
      Header(epoch: epoch, number: 7, sequence: 41),
      .pass(
        Pass(
          microBatch: MicroBatch(
            [Segment(slot: 2, start: 0, count: 128), Segment(slot: 0, start: 300, count: 1)], releasing: [7]),
          width: 768,
          records: [
            StageRecord(received: 1000, computed: 2000, waited: 30, sent: 4, isFiniteComputed: false)
          ]))
    ),
    (Header(epoch: epoch, number: 8), .beat(Beat())),
  ]
}
