import Foundation
import Testing

@testable import ZeroMQ

/// Each in a process of its own, since descriptors belong to the process.
@Suite("Descriptors", .timeLimit(.minutes(1)))
struct DescriptorTests {
  @Test("are all closed after 200 rounds of contexts, connections, monitors and authenticators")
  func leak() async {
    await #expect(processExitsWith: .success) {
      func round() throws {
        let context = try Context()
        let member = try CurveKeyPair.make()
        let authenticator = try Authenticator(context, accepting: [member.publicKey])
        var options = Socket.Options()
        options.security = .server(member)
        let server = try Socket(.router, context, options: options)
        let monitor = try server.monitor()
        options.security = .client(member, serverKey: member.publicKey)
        let client = try Socket(.dealer, context, options: options)
        try client.connect(try server.bind("tcp://127.0.0.1:0"))
        _ = try client.send([Frame([1])])
        let wakeup = try Wakeup()
        wakeup.wake()
        guard try Poll.wait([.socket(server), .wakeup(wakeup)], timeout: .seconds(10))[1] else { exit(2) }
        withExtendedLifetime((authenticator, monitor)) {}
      }
      try round()
      let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      for _ in 0..<200 { try round() }
      let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      guard before == after else {
        print("\(before) descriptors before, \(after) after")
        exit(3)
      }
    }
  }

  @Test("go to no child process")
  func inheritance() async {
    await #expect(processExitsWith: .success) {
      // As this process was started, with what it has from its parent.
      let before = Set(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))
      let context = try Context()
      let pair = try Pair(context)
      let monitor = try pair.router.monitor()
      let wakeup = try Wakeup()
      let opened = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { !before.contains($0) }
      guard opened.count >= 10 else { exit(4) }
      for number in opened.compactMap({ Int32($0) }) {
        let flags = fcntl(number, F_GETFD)
        // -1 is the descriptor that listed the folder.
        guard flags == -1 || flags & FD_CLOEXEC != 0 else { exit(5) }
      }
      withExtendedLifetime((pair, monitor, wakeup)) {}
    }
  }

  @Test("that are short end in an error, not in the end of the process, however few there are")
  func short() async {
    await #expect(processExitsWith: .success) {
      let member = try CurveKeyPair.make()
      var failures = 0
      var limit = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count - 1
      while true {
        var range = rlimit(rlim_cur: rlim_t(limit), rlim_max: 1024)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &range)
        do {
          let context = try Context()
          let authenticator = try Authenticator(context, accepting: [member.publicKey])
          try authenticator.selfTest()
          break
        } catch ZeroMQError.system(_, code: EMFILE) {
          failures += 1
        } catch ZeroMQError.unprotected(.noOutcome), ZeroMQError.unprotected(.memberTurnedAway) {
          // Where the connection cannot be accepted, or not be asked about; nobody is let in who should not be.
          failures += 1
        } catch {
          print("with \(limit) descriptors: \(error)")
          exit(7)
        }
        limit += 1
      }
      guard failures > 10 else { exit(6) }
    }
  }
}
