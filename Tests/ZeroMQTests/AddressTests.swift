import Testing

@testable import ZeroMQ

@Suite("An address")
struct AddressTests {
  @Test(
    "is read and written back",
    arguments: [
      ("tcp://10.0.0.1:7070", Address.tcp(host: "10.0.0.1", port: 7070)),
      ("tcp://*:0", .tcp(host: "*", port: 0)),
      ("tcp://[::1]:65535", .tcp(host: "::1", port: 65535)),
      ("tcp://[fe80::1%eth0]:1", .tcp(host: "fe80::1%eth0", port: 1)),
      ("tcp://gpt2-lab_1.example:70", .tcp(host: "gpt2-lab_1.example", port: 70)),
      ("inproc://stage/1", .inproc("stage/1")),
    ])
  func valid(text: String, expected: Address) throws {
    let address = try Address(text)
    #expect(address == expected)
    #expect(address.description == text)
  }

  @Test(
    "that is none is refused with what is wrong",
    arguments: [
      ("", AddressProblem.noTransport), ("localhost:7070", .noTransport), ("tcp:/localhost:7070", .noTransport),
      ("udp://1.2.3.4:5", .transport("udp")), ("TCP://1.2.3.4:5", .transport("TCP")),
      ("ipc:///tmp/x", .transport("ipc")),
      ("tcp://localhost", .noPort), ("tcp://localhost:", .port), ("tcp://localhost:65536", .port),
      ("tcp://localhost:-1", .port), ("tcp://localhost:+1", .port), ("tcp://localhost:7070/", .port),
      ("tcp://localhost:99999999999999999999", .port), ("tcp://:7070", .host), ("tcp://a/b:7070", .host),
      ("tcp://**:7070", .host), ("tcp://::1:7070", .noBrackets), ("tcp://[::1:7070", .noBrackets),
      ("tcp://[]:7070", .host), ("tcp://[1.2.3.4]:7070", .host), ("tcp://[zz::1]:7070", .host),
      ("tcp://local host:7070", .strangeCharacter), ("tcp://local\nhost:7070", .strangeCharacter),
      ("tcp://löcal:7070", .strangeCharacter), ("tcp://a\0b:7070", .strangeCharacter), ("inproc://", .name),
      ("inproc://" + String(repeating: "x", count: 256), .name),
    ])
  func malformed(text: String, problem: AddressProblem) throws {
    #expect(throws: ZeroMQError.address(text, problem)) { try Address(text) }
    #expect(!ZeroMQError.address(text, problem).description.contains("\n"))
  }

  @Test("of great length is refused without repeating it")
  func long() {
    let error = #expect(throws: ZeroMQError.self) { try Address("tcp://" + String(repeating: "x", count: 5000) + ":1") }
    #expect(error.map { "\($0)".utf8.count < 200 } == true)
  }

  @Test(
    "is local when nothing sent there leaves the machine",
    arguments: [
      ("inproc://x", true), ("tcp://127.0.0.1:1", true), ("tcp://127.9.9.9:1", true), ("tcp://localhost:1", true),
      ("tcp://[::1]:1", true), ("tcp://*:1", false), ("tcp://0.0.0.0:1", false), ("tcp://10.0.0.1:1", false),
      ("tcp://127.example.com:1", false), ("tcp://[::]:1", false),
    ])
  func local(text: String, isLocal: Bool) throws {
    #expect(try Address(text).isLocal == isLocal)
  }
}
