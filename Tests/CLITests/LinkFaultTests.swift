import Foundation
import Testing

@Suite("A data link that fails", .serialized, .timeLimit(.minutes(5)))
struct LinkFaultTests {
  enum Place: CaseIterable {
    case first, between
    var names: [String] { self == .first ? ["the coordinator", "stage 1 (a)"] : ["stage 1 (a)", "stage 2 (b)"] }
  }

  @Test(
    "ends the run within two seconds where nothing is to be recovered, by its name and that of both ends",
    arguments: FaultyRelay.Fault.allCases,
    Place.allCases)
  func busy(fault: FaultyRelay.Fault, place: Place) throws {
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.longWork + ["--recover", "none"])
    try fail(fault, place, of: coordinator, at: address, isServed: false)
  }

  @Test("is noticed while nobody asks for anything")
  func idle() throws {
    let server = try RunningProgram(
      [
        "serve", "--http", "127.0.0.1:0", "--listen", "tcp://127.0.0.1:0", "--workers", "2", "--threads", "1",
        "--recover", "none",
      ])
    let line = try server.note(with: "waiting at ")
    let address = try #require(line.split(separator: " ").first { $0.hasPrefix("tcp://") })
    try fail(.swallowedUp, .between, of: server, at: String(address), isServed: true)
  }

  private func fail(
    _ fault: FaultyRelay.Fault, _ place: Place, of coordinator: RunningProgram, at address: String, isServed: Bool
  ) throws {
    let relay = try FaultyRelay()
    defer { relay.end() }
    let behind = ["--listen", relay.target, "--advertise", relay.address]
    let workers = try ["a", "b"].map {
      try RunningProgram.worker($0, of: address, ($0 == "a") == (place == .first) ? behind : [])
    }
    try coordinator.note(with: "in 2 stages")
    let start = SuspendingClock.now
    relay.fail(fault)
    let link = "the link from \(place.names[0]) to \(place.names[1]) was lost: "
    try coordinator.note(with: link)
    // Half a second for a machine that does something else too.
    #expect(SuspendingClock.now - start < .seconds(2.5), "\(coordinator.notes)")
    #expect(try coordinator.end() == 1)
    for worker in workers {
      // Those of a server look for it again.
      if isServed { worker.signal(SIGTERM) }
      #expect(try worker.end() == (isServed ? 0 : 1), "\(worker.notes)")
    }
  }
}
