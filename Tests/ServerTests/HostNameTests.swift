import Testing

@testable import Server

@Suite("The names of a server")
struct HostNameTests {
  @Test(
    "are those of this machine on loopback, however they are written",
    arguments: [
      "localhost", "LocalHost:80", "localhost.", "localhost:", "127.0.0.1", "127.0.0.1:8080", "127.9.8.7:1", "[::1]",
      "[::1]:8080", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]:80", "127.0.0.1.",
    ])
  func loopback(host: String) {
    #expect(HostNames([], isLoopback: true).contain(host))
  }

  @Test(
    "are no others",
    arguments: [
      "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil@localhost", "localhost@evil.example",
      "localhost:80@evil.example", "localhost:80:80", "localhost:x", "localhost:123456", "localhost,evil.example",
      "localhost evil.example", "", ":80", ".", "..", "localhost..", "127.1", "1270.0.0.1", "127.0.0.1.1", "128.0.0.1",
      "0.0.0.0", "[::]", "[::2]", "[::1%lo]", "::1", "[::1", "[::1]x", "[127.0.0.1]", "[localhost]", "l\u{f6}calhost",
      "local\u{212A}ost", "localhost\u{0}", "localhost/", "foo.localhost", String(repeating: "a", count: 300),
    ])
  func others(host: String) {
    #expect(!HostNames([], isLoopback: true).contain(host))
  }

  @Test("may be added, and are any on a network unless some are given")
  func added() throws {
    let names = try ["Model.Example.", "192.0.2.7", "[2001:DB8::7]"].map { try #require(HostName($0)) }
    for isLoopback in [true, false] {
      let hosts = HostNames(names, isLoopback: isLoopback)
      for host in ["model.example", "MODEL.example:443", "192.0.2.7:80", "[2001:db8:0::7]:80", "localhost", "[::1]:8"] {
        #expect(hosts.contain(host), "\(host)")
      }
      for host in ["example", "x.model.example", "192.0.2.8", "[2001:db8::8]"] {
        #expect(!hosts.contain(host), "\(host)")
      }
    }
    for host in ["evil.example", "", "a@b"] { #expect(HostNames([], isLoopback: false).contain(host)) }
    // HTTP/1.0 may leave it out.
    #expect(HostNames([], isLoopback: true).contain(nil))
    for text in ["model.example:80", "http://model.example", "*", "", "a b"] {
      #expect(HostName(text) == nil, "\(text)")
    }
  }
}

@Suite("Origins")
struct OriginTests {
  @Test("are a server's own when scheme, host and port are those that the request is for")
  func own() {
    for (origin, authority) in [
      ("http://localhost:8080", "localhost:8080"), ("http://LOCALHOST:8080", "localhost.:8080"),
      ("http://localhost", "localhost:80"), ("http://localhost:80", "localhost"), ("http://[::1]:8", "[0::1]:8"),
    ] { #expect(Origin(origin)?.isOwn(authority) == true, "\(origin) \(authority)") }
    for (origin, authority) in [
      ("https://localhost:8080", "localhost:8080"), ("http://localhost:8081", "localhost:8080"),
      ("http://localhost", "localhost:8080"), ("http://127.0.0.1:8080", "localhost:8080"),
      ("http://localhost", nil), ("http://localhost", "a@localhost"), ("app://localhost:80", "localhost:80"),
    ] as [(String, String?)] { #expect(Origin(origin)?.isOwn(authority) == false, "\(origin) \(authority ?? "none")") }
  }

  @Test(
    "are scheme, host and port",
    arguments: [
      "null", "", "localhost", "http://", "http://a/", "http://a b", "http://u@a", "://a", "http://a, http://b", "*",
    ])
  func malformed(text: String) {
    #expect(Origin(text) == nil)
  }

  @Test("may be listed")
  func listed() throws {
    let some = try AllowedOrigins(["http://a.example", "https://b.example:8443", "chrome-extension://abc"])
    for origin in ["http://a.example", "http://A.example:80", "https://b.example:8443", "chrome-extension://abc"] {
      #expect(some.contain(origin), "\(origin)")
    }
    for origin in ["null", "https://a.example", "http://a.example:8080", "https://b.example", ""] {
      #expect(!some.contain(origin), "\(origin)")
      #expect(!AllowedOrigins.none.contain(origin), "\(origin)")
    }
    #expect(try AllowedOrigins(["http://a.example", "*"]).contain("null"))
    for text in ["null", "a.example", "http://a.example/"] {
      #expect(throws: ServerError.origin(text)) { try AllowedOrigins([text]) }
    }
  }
}
