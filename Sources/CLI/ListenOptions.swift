import ArgumentParser

/// Where a server listens: by one flag or by two.
struct ListenOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to listen, as HOST:PORT, HOST or PORT; port 0 takes a free one. (default: 127.0.0.1:8080)",
      valueName: "address"))
  var http: String?

  @Option(help: ArgumentHelp("The host of --http alone; 0.0.0.0 lets other machines in.", valueName: "host"))
  var host: String?

  @Option(help: ArgumentHelp("The port of --http alone.", valueName: "port"))
  var port: String?

  mutating func validate() throws { _ = try address() }

  func address() throws -> HTTPAddress {
    if let http {
      guard host == nil, port == nil else { throw ValidationError("give only one of --http and --host with --port") }
      guard let address = HTTPAddress(http) else {
        let advice = http.hasPrefix("https:") ? "gpt2 speaks no TLS, a proxy before it can; " : ""
        throw ValidationError("--http \(http): \(advice)give an address as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080")
      }
      return address
    }
    var address = HTTPAddress()
    if let host {
      address.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
      guard HTTPAddress.isHost(address.host) else {
        throw ValidationError("--host \(host): give a name or an address without a port, as 127.0.0.1")
      }
    }
    if let port {
      guard let number = HTTPAddress.port(port[...]) else {
        throw ValidationError("--port \(port): give a number from 0 to 65535")
      }
      address.port = number
    }
    return address
  }
}
