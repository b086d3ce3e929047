import Coordinator
import GPT2
import Synchronization
import Testing

@testable import Server

@Suite("Completions by an engine", .serialized, .timeLimit(.minutes(2))) struct CompletionServiceTests {
  private static func job(_ members: String, _ server: TestServer) throws -> CompletionJob {
    let limits = ServerLimits()
    return try CompletionJob(
      CompletionRequest(Array("{\(members)}".utf8), limits: limits), configuration: server.engine.configuration,
      tokenizer: server.server.tokenizer, limits: limits)
  }

  private static func service(_ server: TestServer) -> CompletionService {
    CompletionService(engine: server.engine, tokenizer: server.server.tokenizer, metrics: server.server.metrics)
  }

  @Test("are the same alone and beside others, whole and in pieces")
  func same() async throws {
    let server = try await TestServer()
    let service = Self.service(server)
    let body = #""prompt":["ROMEO:","JULIET:"],"max_tokens":12,"temperature":0.9,"n":2,"seed":5"#
    let whole = try await service.complete(Self.job(body, server), for: .init(client: ClientID()))
    #expect(whole.choices.map(\.index) == [0, 1, 2, 3] && whole.usage.completionTokens == 48)
    #expect(Set(whole.choices.map(\.text)).count == 4)
    let pieces = Mutex<[Int: String]>([:])
    let usage = try await service.stream(Self.job(body, server), for: .init(client: ClientID())) { piece in
      pieces.withLock { $0[piece.choice.index, default: ""] += piece.choice.text }
    }
    #expect(usage.completionTokens == 48)
    for choice in whole.choices { #expect(pieces.withLock { $0[choice.index] } == choice.text) }
    // The second candidate of a prompt is what its own seed writes alone.
    let alone = try await service.complete(
      Self.job(#""prompt":"ROMEO:","max_tokens":12,"temperature":0.9,"seed":6"#, server), for: .init(client: ClientID())
    )
    #expect(alone.choices[0].text == whole.choices[1].text)
  }

  @Test("give the likeliest of several candidates, and count all that were written")
  func best() async throws {
    let server = try await TestServer()
    let service = Self.service(server)
    func body(_ rest: String) -> String {
      #""prompt":"ROMEO:","max_tokens":8,"temperature":1,"seed":5,"logprobs":0,\#(rest)"#
    }
    let all = try await service.complete(Self.job(body(#""n":4"#), server), for: .init(client: ClientID()))
    let best = try await service.complete(Self.job(body(#""n":1,"best_of":4"#), server), for: .init(client: ClientID()))
    func mean(_ choice: CompletionResponse.Choice) -> Float {
      (choice.logprobs?.tokenLogprobs.compactMap { $0 } ?? []).reduce(0, +)
    }
    let likeliest = try #require(all.choices.max { mean($0) < mean($1) })
    #expect(best.choices.count == 1 && best.choices[0].text == likeliest.text)
    #expect(best.usage.completionTokens == 32)
  }

  @Test("are written on when their reader is slow, so that the slot is soon another's")
  func slow() async throws {
    let server = try await TestServer()
    let service = Self.service(server)
    let (reads, mayRead) = AsyncStream<Void>.makeStream()
    let text = Mutex("")
    let job = try Self.job(#""prompt":"ROMEO:","max_tokens":200,"ignore_eos":true,"temperature":0"#, server)
    let reading = Task {
      try await service.stream(job, for: .init(client: ClientID())) { piece in
        for await _ in reads { break }
        text.withLock { $0 += piece.choice.text }
      }
    }
    // One slot after the other is given back though nobody has read a word.
    while server.engine.statistics.tokensGenerated < 200 || server.engine.statistics.requestsRunning > 0 {
      await Task.yield()
    }
    #expect(text.withLock { $0.isEmpty })
    mayRead.finish()
    #expect(try await reading.value.completionTokens == 200)
    #expect(text.withLock { !$0.isEmpty })
  }

  @Test("echo a prompt with what was likely in the place of its tokens")
  func echo() async throws {
    let server = try await TestServer()
    let outcome = try await Self.service(server).complete(
      Self.job(#""prompt":"ROMEO: what","max_tokens":2,"echo":true,"logprobs":2,"temperature":0"#, server),
      for: .init(client: ClientID()))
    let choice = outcome.choices[0]
    #expect(choice.text.hasPrefix("ROMEO: what"))
    let logprobs = try #require(choice.logprobs)
    #expect(logprobs.tokens.joined() == choice.text && logprobs.tokenLogprobs.first == .some(nil))
    #expect(logprobs.tokenLogprobs.dropFirst().allSatisfy { $0 != nil })
  }
}
