import GPT2
import MicroBatching
import Pipeline
import TestSupport
import Testing

@testable import Coordinator

/// Random requests, arrivals, cancels and holds over a pipe with several micro-batches in it, which is lost now and then.
@Suite struct SchedulerPropertyTests {
  private static let positionCount = 64

  /// A request with what it brings when it is alone, and what it has brought so far.
  private struct Request {
    var work: Work
    var expected: [UInt64]
    var results: [UInt64] = []
    var isCancelled = false
    var isOver = false

    init(_ work: Work, expected: [UInt64]) {
      self.work = work
      self.expected = expected
    }

    init(_ numbers: inout SeededNumbers) throws {
      let configuration = FakeModel.configuration(positionCount: positionCount)
      switch numbers.number(0...3) {
      case 0:
        let tokens = numbers.tokens(numbers.number(2...150))
        let window = numbers.number(2...positionCount)
        let stride = numbers.number(1...window)
        self.init(
          .score(try Scoring(tokens, window: window, stride: stride, configuration: configuration)),
          expected: FakeModel.scores(tokens, window: window, stride: stride))
      case 1:
        let tokens = numbers.tokens(numbers.number(1...positionCount))
        self.init(.embed(try Reading(tokens, configuration: configuration)), expected: FakeModel.hidden(tokens))
      default:
        let generation = try FakeModel.generation(
          numbers.tokens(numbers.number(1...40)), maximumTokens: numbers.number(1...30), positionCount: positionCount,
          ends: true)
        self.init(.generate(generation), expected: FakeModel.run(generation).map { UInt64($0) })
      }
    }
  }

  @Test(
    "Requests become what they become alone, and nothing is left over", arguments: 0..<400, [false, true])
  func manyAtOnce(seed: Int, losesPipes: Bool) throws {
    var numbers = SeededNumbers(seed)
    var slotCount = numbers.number(1...6)
    var budget = numbers.number(Self.positionCount...(3 * Self.positionCount))
    var pacing = Pacing(stageCount: 2, fixedRows: [nil, nil, 1, 2, 7, 64].randomElement(using: &numbers)!)
    pacing.inFlightLimit = numbers.number(1...5)
    var scheduler = Scheduler(slotCount: slotCount, positionBudget: budget, pacing: pacing)
    var pipe = FakePipe(slotCount: slotCount, positionBudget: budget)
    var requests: [Request] = []
    let total = numbers.number(1...20)
    let cancels = numbers.chance(oneIn: 2)
    var held: Set<Int> = []

    for step in 0... {
      try #require(step < 200_000, "the work does not come to an end")
      if requests.count == total, scheduler.isIdle { break }
      switch numbers.number(0...9) {
      case 0 where requests.count < total:
        requests.append(try Request(&numbers))
        try scheduler.submit(
          RequestID(UInt64(requests.count - 1)), requests.last!.work, client: ClientID(UInt64(numbers.number(0...2))))
      case 1 where cancels && numbers.chance(oneIn: 12) && !requests.isEmpty:
        let index = requests.indices.randomElement(using: &numbers)!
        scheduler.cancel(RequestID(UInt64(index)))
        if !requests[index].isOver { requests[index].isCancelled = true }
      case 2 where step < 2000 && !requests.isEmpty:
        let index = requests.indices.randomElement(using: &numbers)!
        scheduler.hold(RequestID(UInt64(index)))
        held.insert(index)
      case 3 where losesPipes && step < 20_000 && numbers.chance(oneIn: 8):
        // Another pipe, which may have less room, and perhaps not at once.
        let flights = scheduler.suspend()
        #expect(flights.count == pipe.flights.count)
        #expect(scheduler.next() == nil && scheduler.inFlight == 0)
        slotCount = numbers.number(1...6)
        budget = numbers.number(Self.positionCount...(3 * Self.positionCount))
        pipe = FakePipe(slotCount: slotCount, positionBudget: budget, after: pipe.sent)
        let refused = scheduler.begin(slotCount: slotCount, positionBudget: budget, pacing: pacing)
        #expect(refused.isEmpty)
      case 3:
        for index in held { scheduler.resume(RequestID(UInt64(index))) }
        held = []
      case 4...6:
        let waits = pipe.flights.isEmpty && held.isEmpty && !scheduler.isIdle
        guard let dispatch = scheduler.next() else {
          try #require(!waits, "nothing is sent, and nothing is on its way")
          continue
        }
        if let rows = pacing.fixedRows { #expect(dispatch.microBatch.rowCount <= rows) }
        try pipe.send(dispatch)
        #expect(scheduler.inFlight == pipe.flights.count && scheduler.inFlight <= pacing.inFlightLimit)
      default:
        guard let oldest = scheduler.oldest else { continue }
        let (dispatch, hidden) = pipe.receive()
        #expect(oldest.sequence == dispatch.sequence && oldest.microBatch == dispatch.microBatch)
        for arrival in scheduler.arrived(dispatch.sequence) { take(arrival, hidden, &scheduler, &requests) }
      }
      if !losesPipes { #expect(scheduler.running <= slotCount + pacing.inFlightLimit) }
    }
    #expect(pipe.slots.isEmpty, "a slot was not given back")
    #expect(scheduler.slots?.slotsUsed == 0 && scheduler.slots?.positionsUsed == 0)
    #expect(scheduler.running == 0 && scheduler.waiting == 0 && scheduler.inFlight == 0)
    for request in requests {
      #expect(request.isOver != request.isCancelled)
      #expect(
        request.results
          == (request.isCancelled ? Array(request.expected.prefix(request.results.count)) : request.expected))
    }
  }

  private func take(
    _ arrival: Arrival, _ hidden: [UInt64], _ scheduler: inout Scheduler, _ requests: inout [Request]
  ) {
    let index = Int(arrival.request.rawValue)
    #expect(!requests[index].isCancelled && !requests[index].isOver && !arrival.rows.isEmpty)
    switch arrival.output {
    case .nothing, .probe: break
    case .nextToken:
      #expect(arrival.rows.count == 1)
      #expect(scheduler.generation(of: arrival.request)?.position == arrival.start + 1)
      let token = FakeModel.choose(hidden[arrival.rows.lowerBound])
      let update = scheduler.accept(token, for: arrival.request)
      requests[index].results.append(UInt64(token.token))
      requests[index].isOver = update.finishReason != nil
    case .scores(let targets, _, _):
      #expect(arrival.rows.count == targets.count && arrival.start == requests[index].results.count)
      requests[index].results += zip(arrival.rows, targets).map { FakeModel.score(hidden[$0], target: $1) }
    case .hidden:
      #expect(arrival.start == requests[index].results.count)
      requests[index].results += hidden[arrival.rows]
    }
    if arrival.isLast { requests[index].isOver = true }
  }
}
