import Coordinator
import GPT2
import MicroBatching
import Pipeline
import ZeroMQ

/// What handing one token's activations from stage to stage costs, beside the same bytes over bare libzmq.
struct HopBench {
  private let session: ClusterSession
  private let token: Int

  init(_ session: ClusterSession, token: [Int]) {
    self.session = session
    self.token = token[0]
  }

  /// Medians, in seconds: from a stage's last computation to the next stage's having the activations, and half a round trip.
  ///
  /// In turns, since the machine may be another from one second to the next.
  func measure() async throws -> (hop: Double, halfRoundTrip: Double) {
    var hops: [Double] = []
    var trips: [Double] = []
    for _ in 0..<Self.turns {
      let passes = try await write()
      hops += passes.flatMap { microBatch in
        zip([microBatch.embedded] + microBatch.stages, microBatch.stages + [microBatch.finished])
          .dropFirst(microBatch.stages.count > 1 ? 1 : 0).dropLast(microBatch.stages.count > 1 ? 1 : 0)
          .map { Double($1.lowerBound - min($0.upperBound, $1.lowerBound)) / 1e9 }
      }
      let work = passes.flatMap(\.stages).map { Double($0.upperBound - $0.lowerBound) / 1e9 }
      trips += try roundTrips(every: min(0.02, work.median))
    }
    return (hops.median, trips.median / 2)
  }

  private static let turns = 5
  /// Passes, and round trips, of a turn.
  private static let passes = 50
  /// Most fp32 values that an end of a round trip reads; far more than any cache holds.
  private static let memoryLimit = 64 << 20

  /// Writes a text of its own; the micro-batches of one row that it took.
  private func write() async throws -> ArraySlice<Timeline.MicroBatch> {
    let count = min(session.configuration.positionCount - 1, Self.passes)
    let results = session.engine.generate(
      try Generation(
        GenerationRequest(prompt: [token], options: .greedy, maximumTokens: count, endOfTextTokens: []),
        configuration: session.configuration, tokenizer: nil))
    for try await _ in results {}
    return session.engine.timeline.microBatches.suffix(count)
  }

  /// Seconds for a pass of one row there and back between two threads, over the pipe's own kind of connection.
  ///
  /// - Parameter pause: how long each end works before it sends, which does not count. It reads memory, as much as the model
  ///   has weights and as fast as a stage reads them: the other end goes to sleep meanwhile, as the other stages do, and what
  ///   sending and receiving need leaves the caches, as it does there.
  private func roundTrips(every pause: Double) throws -> [Double] {
    let width = session.configuration.width
    let head = Message.pass(
      Pass(microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 1)]), width: width, records: [])
    ).encode(header: Header(number: 0))
    let payload = [UInt8](repeating: 1, count: width * 4)
    let address = session.engine.address.hasPrefix("inproc:") ? "inproc://hop" : "tcp://127.0.0.1:0"
    let context = try Context()
    let router = try Socket(.router, context)
    let endpoint = try router.bind(address)
    // Over TCP the other end has I/O threads of its own, as another process has.
    let other = address.hasPrefix("inproc:") ? context : try Context()
    let count = Self.passes
    let kernels = try Kernels.selected()
    let floats = min(Self.memoryLimit, session.configuration.layerCount * session.configuration.matrixElementsPerBlock)
    let echo = try JoinableThread {
      guard var reader = try? MemoryReader(count: floats, kernels: kernels),
        let dealer = try? Socket(.dealer, other), (try? dealer.connect(endpoint)) != nil
      else { return }
      _ = try? dealer.send([Frame([0])])
      for _ in 0..<count {
        guard let ready = try? Poll.wait([.socket(dealer)], timeout: .seconds(5)), ready[0],
          case .frames(let frames)? = try? dealer.receive(atMost: 2)
        else { return }
        reader.read(for: .seconds(pause))
        _ = try? dealer.send(frames)
      }
    }
    defer { echo.join() }
    guard try Poll.wait([.socket(router)], timeout: .seconds(5))[0],
      case .frames(let opening) = try router.receive(atMost: 2)
    else { return [] }
    let peer = opening[0].bytes
    var trips: [Double] = []
    var reader = try MemoryReader(count: floats, kernels: kernels)
    for _ in 0..<count {
      reader.read(for: .seconds(pause))
      let start = ContinuousClock.now
      _ = try router.send([Frame(peer), Frame(head), Frame(payload)])
      guard try Poll.wait([.socket(router)], timeout: .seconds(5))[0], case .frames = try router.receive(atMost: 3)
      else { break }
      trips.append((ContinuousClock.now - start).seconds - pause)
    }
    return trips
  }
}
