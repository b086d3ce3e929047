import HTTPTypes
import Testing

@testable import Server

@Suite("Admission")
struct AdmissionTests {
  @Test("takes texts up to its limit, and gives a place back when it goes away")
  func limit() throws {
    let admission = Admission(limit: 3)
    var places = [try admission.enter(2), try admission.enter(1)]
    #expect(admission.texts == 3)
    let refusal = #expect(throws: APIError.self) { try admission.enter(1) }
    #expect(refusal?.status == .tooManyRequests && refusal?.type == "rate_limit_error")
    #expect((refusal?.retryAfter ?? 0) >= 1)
    places.removeFirst()
    #expect(admission.texts == 1)
    places.append(try admission.enter(2))
    places = []
    #expect(admission.texts == 0)
  }

  @Test("takes more than its limit from who is alone, and nobody beside them")
  func large() throws {
    let admission = Admission(limit: 2)
    let place = try admission.enter(9)
    #expect(throws: APIError.self) { try admission.enter(1) }
    withExtendedLifetime(place) {}
  }

  @Test("takes nobody once it is closed, and still gives places back")
  func closed() throws {
    let admission = Admission(limit: 2)
    var place: Admission.Place? = try admission.enter(1)
    admission.close()
    let refusal = #expect(throws: APIError.self) { try admission.enter(1) }
    #expect(refusal?.status == .serviceUnavailable && refusal?.retryAfter != nil && admission.isClosed)
    #expect(place != nil && admission.texts == 1)
    place = nil
    #expect(admission.texts == 0)
  }

  @Test("loses no place among many who come and go at once")
  func concurrent() async throws {
    let admission = Admission(limit: 8)
    await withTaskGroup(of: Void.self) { group in
      for count in 0..<200 {
        group.addTask {
          guard let place = try? admission.enter(1 + count % 3) else { return }
          await Task.yield()
          withExtendedLifetime(place) {}
        }
      }
    }
    #expect(admission.texts == 0)
  }
}
