import Cluster
import Coordinator
import Foundation
import GPT2
import Logging
import Platform

@testable import Server

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A server of the bundled model, on two stages of this process, at a free port of this machine; ended with the value.
final class TestServer: Sendable {
  let server: Server
  let engine: Engine
  private let session: ClusterSession
  private let running: Task<Void, any Error>
  private let port: Int

  init() async throws {
    var options = SessionOptions(.inProcess(stages: 2), slotCount: 4)
    options.threads = 1
    session = try ClusterSession(Checkpoint(Demo.folder), options, refused: { _ in }, notify: { _ in })
    engine = session.engine
    let server = Server(
      ServerOptions(host: "127.0.0.1", port: 0, model: "demo", version: "1"), engine: session.engine,
      tokenizer: try Tokenizer(Demo.folder), created: 5, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    let (ports, listening) = AsyncStream<Int>.makeStream()
    running = Task { try await server.run { listening.yield($0) } }
    self.server = server
    port = await ports.first { _ in true } ?? 0
    _ = try await engine.ready()
    server.state.become(.ready)
  }

  deinit { running.cancel() }

  struct Answer {
    var status: Int
    var headers: [String: String]
    var text: String
  }

  func ask(_ method: String, _ path: String, _ body: String? = nil) async throws -> Answer {
    var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(path)")!)
    request.httpMethod = method
    if let body {
      request.httpBody = Data(body.utf8)
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    }
    let (data, response) = try await URLSession.shared.data(for: request)
    let answer = response as! HTTPURLResponse
    var headers: [String: String] = [:]
    for (name, value) in answer.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
    return Answer(status: answer.statusCode, headers: headers, text: String(decoding: data, as: UTF8.self))
  }
}
