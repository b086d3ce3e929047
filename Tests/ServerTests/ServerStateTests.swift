import HTTPTypes
import Testing

@testable import Coordinator
@testable import Server

@Suite("The server's state")
struct ServerStateTests {
  @Test("moves on while there is a cluster")
  func moves() {
    let box = StateBox()
    #expect(box.value.name == "loading" && !box.value.reason.isEmpty)
    for state in [ServerState.loading("1 of 2"), .ready, .stalled("5 s"), .ready] {
      box.become(state)
      #expect(box.value == state)
    }
    #expect(ServerState.stalled("5 s").name == "stalled" && ServerState.stalled("5 s").reason == "5 s")
  }

  @Test("does not come back from its end")
  func ends() {
    let box = StateBox()
    box.become(.draining)
    for state in [ServerState.ready, .loading("x"), .stalled("x"), .recovering("x", takesRequests: true)] {
      box.become(state)
      #expect(box.value == .draining)
    }
    box.follow(.init(reason: "x", hasPlan: true))
    #expect(box.value == .draining)
    box.follow(nil)
    #expect(box.value == .draining)
    box.become(.failed("worker-2 was lost"))
    for state in [ServerState.ready, .draining, .loading("x"), .failed("stopped")] {
      box.become(state)
      #expect(box.value == .failed("worker-2 was lost"))
    }
  }
}

@Suite("The server's state while a loss is made good")
struct RecoveringStateTests {
  private static let loss = PipelineStatistics.Interruption(
    reason: "worker worker-2 (blocks 4 to 7) was lost: nothing was heard of 10.1.2.3 for 1.5 s", hasPlan: true)

  @Test("says who was lost until work goes on")
  func follows() {
    let box = StateBox()
    box.become(.ready)
    box.follow(nil)
    #expect(box.value == .ready)
    box.follow(Self.loss)
    #expect(box.value == .recovering("worker worker-2 (blocks 4 to 7) was lost", takesRequests: true))
    #expect(box.value.name == "recovering" && box.value.reason.contains("worker-2"))
    box.follow(.init(reason: "requests wait for another worker", hasPlan: false))
    guard case .recovering(_, takesRequests: false) = box.value else {
      Issue.record("\(box.value)")
      return
    }
    box.follow(Self.loss)
    box.follow(nil)
    #expect(box.value == .ready)
    // What stood still is found to be a loss.
    box.become(.stalled("20 s"))
    box.follow(Self.loss)
    #expect(box.value.name == "recovering")
    box.become(.failed("x"))
    box.follow(nil)
    #expect(box.value == .failed("x"))
  }

  @Test("does not load again, and does not recover before it was ready")
  func once() {
    let box = StateBox()
    box.become(.loading("1 of 2"))
    box.follow(Self.loss)
    box.follow(nil)
    #expect(box.value == .loading("1 of 2"))
    box.become(.ready)
    for state in [ServerState.ready, .stalled("x"), .recovering("x", takesRequests: true)] {
      box.become(state)
      box.become(.loading("4 of 3 workers have joined"))
      #expect(box.value == state)
    }
  }

  @Test(
    "tells neither addresses nor what is wrong with a worker",
    arguments: [
      ClusterError.workerLost(name: "worker-7", blocks: 0..<6, reason: "10.1.2.3 is gone"),
      .workerFailed(name: "worker-7", reason: "/home/me/gpt2 is short of memory"),
      .workerBroken(name: "worker-7", reason: "tcp://10.1.2.3:5 sent x"),
      .linkLost(from: "stage 1 (worker-7)", to: "the coordinator", reason: "10.1.2.3 was not heard"),
      .workerStalled(name: "worker-7", blocks: 0..<6, after: .seconds(5)),
      .unreachable(name: "worker-7", address: "tcp://10.1.2.3:5", after: .seconds(1)),
    ], [true, false])
  func discreet(error: ClusterError, hasPlan: Bool) {
    let reason = ServerState(.init(reason: error.what, hasPlan: hasPlan)).reason
    #expect(!reason.isEmpty)
    for secret in ["10.1.2.3", "/home", "tcp:"] { #expect(!reason.contains(secret), "\(reason)") }
  }
}

@Suite("What clients are told of a cluster")
struct ClusterErrorTests {
  @Test(
    "names nobody of it",
    arguments: [
      ClusterError.workerLost(name: "worker-7", blocks: 0..<6, reason: "10.1.2.3 is gone"),
      .workerFailed(name: "worker-7", reason: "/home/me/gpt2"), .workerBroken(name: "worker-7", reason: "x"),
      .linkLost(from: "stage 1 (worker-7)", to: "the coordinator", reason: "worker-7 was not heard"),
      .workerStalled(name: "worker-7", blocks: 0..<6, after: .seconds(5)),
      .unreachable(name: "worker-7", address: "tcp://10.1.2.3:5", after: .seconds(1)),
      .tooFewWorkers(
        joined: ["worker-7"], expected: 2, after: .seconds(1), command: "tcp://10.1.2.3:5", turnedAway: ["worker-7"]),
    ])
  func discreet(error: ClusterError) {
    let answer = APIError(error)
    #expect(answer.status == .serviceUnavailable && answer.message == ServerState.end)
    for name in ["worker-7", "10.1.2.3", "/home", "tcp:"] { #expect(!answer.message.contains(name)) }
  }

  @Test("says of a request that two workers died of that it is to blame")
  func poisonous() {
    let answer = APIError(ClusterError.poisonous)
    #expect(answer.status == .internalServerError && answer.code == "poisonous" && answer.retryAfter == nil)
    #expect(!answer.message.contains("ended"))
  }

  @Test("says of values that are not finite at which token they are, and not who made them")
  func notFinite() {
    let answer = APIError(ClusterError.notFinite(name: "worker-7", blocks: 0..<6, position: 3))
    #expect(answer.status == .internalServerError && answer.message.contains("position 3"))
    #expect(!answer.message.contains("worker"))
  }
}
