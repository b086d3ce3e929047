import Testing

@testable import Coordinator

struct HiddenStatesTests {
  private static func states(_ values: [Float], start: Int) -> HiddenStates {
    HiddenStates(start: start, rowCount: values.count / 2, width: 2, values: values)
  }

  @Test func theMeanIsThatOfAllPieces() {
    var mean = MeanPool(width: 2)
    mean.add(Self.states([1, 10, 2, 20], start: 0))
    mean.add(Self.states([6, 90], start: 2))
    #expect(mean.value == [3, 40])
  }

  @Test func theFirstTokenThatIsNotFiniteIsNamed() {
    #expect(Self.states([1, 2, 3, 4], start: 7).firstNotFinite == nil)
    #expect(Self.states([1, 2, 3, .nan], start: 7).firstNotFinite == 8)
    #expect(Self.states([1, -.infinity, .nan, 4], start: 7).firstNotFinite == 7)
  }
}
