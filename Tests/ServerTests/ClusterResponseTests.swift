import JSON
import Testing

@testable import Coordinator
@testable import Server

@Suite("The answer to who is there") struct ClusterResponseTests {
  private static func member(_ name: String, _ role: MemberDescription.Role, _ layers: Range<Int>) -> MemberDescription
  {
    MemberDescription(
      name: name, role: role, layers: layers, isReady: !layers.isEmpty, threads: 2, kernels: "avx2", memory: 1 << 30)
  }

  @Test("tells stages in their order, spares, who comes and who goes")
  func roles() throws {
    var statistics = PipelineStatistics()
    statistics.members = [
      Self.member("b", .stage(1), 5..<12), Self.member("a", .stage(0), 0..<5), Self.member("c", .spare, 0..<12),
      Self.member("d", .spare, 0..<0), Self.member("e", .joining, 0..<0), Self.member("f", .leaving, 0..<5),
    ]
    (statistics.epoch, statistics.losses, statistics.recoveries) = (7, 3, 2)
    let response = ClusterResponse(
      state: .recovering("worker b was lost", takesRequests: true), weights: "int8", statistics)
    let text = JSONText.text(response)
    let answer = try #require(JSONValue(parsing: Array(text.utf8)).object)
    #expect(answer["weights"]?.string == "int8")
    #expect(answer["state"]?.string == "recovering" && answer["reason"]?.string == "worker b was lost")
    #expect(["epoch", "losses", "recoveries"].map { answer[$0]?.integer } == [7, 3, 2])
    func names(_ key: String) -> [String?] {
      (answer[key]?.array ?? []).map { $0.object?["name"]?.string ?? $0.string }
    }
    #expect(names("stages") == ["a", "b"] && names("spares") == ["c", "d"])
    #expect(names("joining") == ["e"] && names("leaving") == ["f"])
    func isReady(_ member: JSONObject) -> Bool { if case .boolean(true) = member["ready"] { true } else { false } }
    let first = try #require(answer["stages"]?.array?.first?.object)
    #expect(first["stage"]?.integer == 1 && first["first_block"]?.integer == 0 && first["last_block"]?.integer == 4)
    #expect(first["kernels"]?.string == "avx2" && isReady(first))
    let spare = try #require(answer["spares"]?.array?.last?.object)
    #expect(spare["stage"] == nil && spare["first_block"] == nil && !isReady(spare))
  }
}
