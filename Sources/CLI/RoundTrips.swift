import ArgumentParser
import Foundation
import ZeroMQ

/// Round trips over bare libzmq, as stages send: each end works before it sends, which does not count.
///
/// The work is to read memory, as a stage reads its weights: the other end goes to sleep meanwhile, as the other stages do, and
/// what sending and receiving need leaves the caches, as it does there.
struct RoundTrips {
  /// Whether the other end is another thread of this process, as in-process stages are; else another process on this machine.
  let isInProcess: Bool
  /// Seconds of work before each message.
  let pause: Double
  let count: Int

  private static let patience = Duration.seconds(5)

  /// Seconds for `frames` there and back, `count` times.
  func measure(_ frames: [[UInt8]]) throws -> [Double] {
    let context = try Context()
    let router = try Socket(.router, context)
    let endpoint = try router.bind(isInProcess ? "inproc://echo" : "tcp://127.0.0.1:0")
    let other = try start(endpoint, context)
    defer { other() }
    guard case .frames(let opening)? = try Self.receive(router, atMost: 2) else { return [] }
    let peer = opening[0].bytes
    var trips: [Double] = []
    var reader = Reader()
    for _ in 0..<count {
      reader.work(pause)
      let start = ContinuousClock.now
      _ = try router.send([Frame(peer)] + frames.map { Frame($0) })
      guard case .frames? = try Self.receive(router, atMost: 1 + frames.count) else { break }
      trips.append((ContinuousClock.now - start).seconds - pause)
    }
    return trips
  }

  /// Starts the other end; what it returns ends it.
  private func start(_ endpoint: String, _ context: Context) throws -> () -> Void {
    if isInProcess {
      let thread = try JoinableThread { [pause, count] in try? Self.echo(endpoint, context, pause: pause, count: count)
      }
      return { thread.join() }
    }
    let process = Process()
    process.executableURL = try ClusterSession.program()
    process.arguments = [EchoCommand._commandName, endpoint, "\(pause)", "\(count)"]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    return {
      process.terminate()
      process.waitUntilExit()
    }
  }

  /// Sends back what comes.
  static func echo(_ endpoint: String, _ context: Context, pause: Double, count: Int) throws {
    let dealer = try Socket(.dealer, context)
    try dealer.connect(endpoint)
    _ = try dealer.send([Frame([0])])
    var reader = Reader()
    for _ in 0..<count {
      guard case .frames(let frames)? = try receive(dealer, atMost: 16) else { return }
      reader.work(pause)
      _ = try dealer.send(frames)
    }
  }

  private static func receive(_ socket: Socket, atMost limit: Int) throws -> Socket.Received? {
    try Poll.wait([.socket(socket)], timeout: patience)[0] ? try socket.receive(atMost: limit) : nil
  }

  /// Reads on and on through memory, more than caches hold.
  private struct Reader {
    private let memory = [UInt64](repeating: 1, count: 16 << 20)
    private var place = 0
    private var sum: UInt64 = 0

    mutating func work(_ seconds: Double) {
      let end = ContinuousClock.now + .seconds(seconds)
      repeat {
        for _ in 0..<256 {
          sum &+= memory[place]
          place = (place + 8) % memory.count
        }
      } while .now < end
      precondition(sum > 0, "nothing was read")
    }
  }
}

/// The other end of ``RoundTrips`` in a process of its own; nothing for people.
struct EchoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "echo", shouldDisplay: false)

  @Argument var endpoint: String
  @Argument var pause: Double
  @Argument var count: Int

  func run() throws { try RoundTrips.echo(endpoint, Context(), pause: pause, count: count) }
}
