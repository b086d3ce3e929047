import Foundation
import Testing

/// A server of the bundled model at a free port, and what is asked of it byte by byte.
struct ServedModel {
  let program: RunningProgram
  let port: UInt16

  /// - Parameter descriptors: how many files it may have open.
  init(_ arguments: [String] = [], host: String = "127.0.0.1", descriptors: Int = 1024) throws {
    program = try RunningProgram(
      ["-c", "ulimit -n \(descriptors); exec \"$0\" \"$@\"", Program.url.path, "serve", "--http", "\(host):0"]
        + ["--threads", "1"] + arguments, of: URL(filePath: "/bin/sh"))
    let line = try program.note(with: "listening url=")
    port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
    #expect(try eventually { try call("GET", "/ready").status == 200 })
  }

  func connect() throws -> Connection { try Connection(port: port) }

  func call(_ method: String, _ path: String, _ body: String = "", key: String? = nil) throws -> Answer {
    let connection = try connect()
    connection.send(Self.request(method, path, body, key: key))
    return try connection.answer()
  }

  func complete(_ members: String) throws -> Answer { try call("POST", "/v1/completions", "{\(members)}") }

  static func request(_ method: String, _ path: String, _ body: String = "", key: String? = nil) -> String {
    "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
      + (key.map { "Authorization: Bearer \($0)\r\n" } ?? "") + "\r\n" + body
  }

  /// The value of a series of `/metrics`.
  func metric(_ name: String) throws -> Double? {
    let line = try call("GET", "/metrics").body.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line.flatMap { Double($0.dropFirst(name.count + 1)) }
  }
}

/// What a server said, to the end of the connection.
struct Answer {
  var status: Int
  var headers: [String: String]
  var body: String

  init(_ text: String) throws {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\r\n")
    status = try #require(lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }, "\(text)")
    headers = Dictionary(
      lines.dropFirst().map { line in
        let pair = line.split(separator: ": ", maxSplits: 1)
        return (pair[0].lowercased(), String(pair.last ?? ""))
      }, uniquingKeysWith: { $0 + "," + $1 })
    body = parts.count > 1 ? String(parts[1]) : ""
  }

  func object() throws -> [String: Any] {
    let whole = headers["transfer-encoding"] == "chunked" ? chunks : body
    return try #require(try JSONSerialization.jsonObject(with: Data(whole.utf8)) as? [String: Any], "\(body)")
  }

  /// A chunked body, put together.
  private var chunks: String {
    var (rest, whole) = (Array(body.utf8)[...], [UInt8]())
    while let end = rest.firstIndex(of: UInt8(ascii: "\r")),
      let count = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), count > 0
    {
      whole += rest[(end + 2)...].prefix(count)
      rest = rest[(end + 2)...].dropFirst(count + 2)
    }
    return String(decoding: whole, as: UTF8.self)
  }

  func error() throws -> [String: Any] { try #require(try object()["error"] as? [String: Any], "\(body)") }

  /// The payloads of server-sent events, chunks put together.
  var events: [String] {
    body.split(separator: "\r\n").filter { $0.hasPrefix("data: ") || $0.hasPrefix("\ndata: ") }
      .flatMap { $0.split(separator: "\n\n") }.map { String($0.dropFirst("data: ".count)) }
  }
}

/// A TCP connection of which every byte is the test's own.
final class Connection {
  private let descriptor: Int32

  init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var time = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
  }

  deinit { close(descriptor) }

  /// Has it end by a reset instead of in good order, once it is let go of.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
  }

  /// Whether all of it was taken.
  @discardableResult
  func send(_ text: String) -> Bool { send(Data(text.utf8)) }

  @discardableResult
  func send(_ data: Data) -> Bool {
    var bytes = Array(data)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  /// What comes next; nothing at the end.
  func receive() -> String {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// Everything until the server closes.
  func rest() -> String {
    var text = ""
    while true {
      let piece = receive()
      if piece.isEmpty { return text }
      text += piece
    }
  }

  func answer() throws -> Answer { try Answer(rest()) }
}
