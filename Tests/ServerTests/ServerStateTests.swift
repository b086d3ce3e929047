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
