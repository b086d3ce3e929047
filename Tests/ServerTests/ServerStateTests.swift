import Coordinator
import HTTPTypes
import Testing

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
    for state in [ServerState.ready, .loading("x"), .stalled("x")] {
      box.become(state)
      #expect(box.value == .draining)
    }
    box.become(.failed("worker-2 was lost"))
    for state in [ServerState.ready, .draining, .loading("x"), .failed("stopped")] {
      box.become(state)
      #expect(box.value == .failed("worker-2 was lost"))
    }
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

  @Test("says of values that are not finite at which token they are, and not who made them")
  func notFinite() {
    let answer = APIError(ClusterError.notFinite(name: "worker-7", blocks: 0..<6, position: 3))
    #expect(answer.status == .internalServerError && answer.message.contains("position 3"))
    #expect(!answer.message.contains("worker"))
  }
}
