import GPT2
import Pipeline
import TestSupport

@testable import Coordinator

extension Options {
  /// What a seed stands for.
  ///
  /// - Parameter faults: kinds that may come; each seed has some of them.
  init(swarm seed: Int, of kinds: [Fault.Kind] = Fault.Kind.allCases) {
    // Of numbers next to each other too, what follows has nothing in common.
    var numbers = SeededNumbers(mixed(UInt64(truncatingIfNeeded: seed)))
    self.init(seed: seed)
    expected = numbers.pick([1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6])
    spares = numbers.pick([0, 0, 0, 1, 1, 2])
    workers = expected + spares
    sharesFiles = numbers.chance(oneIn: 3)
    switch numbers.number(0...5) {
    case 0: means = [numbers.pick([.spare, .process, .split]), .wait]
    case 1: means = [.spare, .process, .split].filter { _ in numbers.chance(oneIn: 2) } + [.wait]
    case 2: means = RecoveryMeans.allCases.shuffled(using: &numbers)
    default: break
    }
    // What comes behind waiting is never reached, and nobody else comes for a session's own workers.
    if let index = means.firstIndex(of: .wait) { means.removeSubrange((index + 1)...) }
    if sharesFiles, !means.contains(.process) { means.insert(.process, at: 0) }
    slots = numbers.pick([1, 2, 3, 4, 8, 16])
    rows = numbers.pick([0, 0, 1, 2, 3, 8, 16])
    if numbers.chance(oneIn: 3) {
      blocks = numbers.number(1...6)
      positions = 64 * numbers.number(3...6)
      blocks = max(blocks, (ToyModel.configuration.layerCount + expected - 1) / expected)
    }
    if numbers.chance(oneIn: 3) { kept = numbers.pick([0, 1, 2, slots]) }
    if positions == 0, numbers.chance(oneIn: 5) { lean = numbers.number(1...workers) }
    if numbers.chance(oneIn: 8) { waitingLimit = numbers.number(1...3) }
    if numbers.chance(oneIn: 4) { credits = numbers.number(1...4) }
    quickest = numbers.pick([0, 50, 100, 500])
    slowest = quickest + numbers.pick([0, 100, 300, 2000, 10_000])
    rowTime = numbers.pick([1000, 10_000, 100_000, 1_000_000, 4_000_000])
    loadTime = numbers.pick([0, 100, 1000, 20_000, 100_000, 1_000_000])
    headTime = numbers.pick([0, 0, 100, 1000])
    let span = numbers.pick([500, 1500, 3000, 8000])
    calm = span + numbers.number(0...1500)
    orders = (0..<numbers.number(1...14)).map { _ in Order(&numbers, within: span) }
    if numbers.chance(oneIn: 10), kinds.contains(.kill) { orders[0].isPoison = true }
    if numbers.chance(oneIn: 6) {
      soloFault(&numbers, of: kinds)
      return
    }
    if numbers.chance(oneIn: 10), kinds.contains(.kill), kinds.contains(.cut) {
      blame(&numbers)
      return
    }
    if numbers.chance(oneIn: 30), kinds.contains(.kill), !sharesFiles {
      growing(&numbers)
      return
    }
    let chosen = kinds.filter { numbers.chance(oneIn: 3) && (!sharesFiles || $0.isOfSession) }
    guard !chosen.isEmpty else { return }
    faults = (0..<numbers.number(0...10)).map { _ in
      Fault(numbers.pick(chosen), &numbers, workers: workers, within: calm)
    }
    // Some come while the one before is made good.
    for index in faults.indices.dropFirst() where numbers.chance(oneIn: 4) {
      faults[index].at = min(calm - 1, faults[index - 1].at + numbers.number(0...numbers.pick([3, 30, 300, 2000])))
    }
    // Others take the place of one that could keep less than they can.
    if lean > 0, !sharesFiles, kinds.contains(.kill) {
      for target in [lean, numbers.number(1...workers)] {
        faults.append(Fault(kind: .kill, target: target, at: numbers.below(calm), lasting: numbers.pick([0, 1000])))
      }
    }
    faults.sort { $0.at < $1.at }
    // Some clients go away then.
    for index in orders.indices where numbers.chance(oneIn: 8) {
      orders[index].left =
        numbers.pick(faults.map(\.at) + [calm]) + numbers.number(0...numbers.pick([3, 30, 300, 2000]))
    }
    // A link over which nothing comes is given up after two minutes.
    if faults.contains(where: { $0.kind == .hush && $0.lasting == 0 }) { patience = 600_000 }
    // Where nobody measures, a pass may take ten minutes.
    if sharesFiles, workers == 1 { faults.removeAll { $0.kind == .stuck } }
    // Who is missed is started by the session, and by nobody else.
    if sharesFiles {
      faults.removeAll { $0.kind == .kill && $0.target == 0 }
      for index in faults.indices where faults[index].kind == .kill { faults[index].lasting = 0 }
    }
  }

  /// One fault while all goes quickly, so that it is known what has to come of it.
  private mutating func soloFault(_ numbers: inout SeededNumbers, of kinds: [Fault.Kind]) {
    (quickest, slowest) = (numbers.number(0...200), numbers.number(200...500))
    (rowTime, loadTime, headTime) = (numbers.number(1000...10_000), numbers.number(0...1000), 0)
    let choices: [Fault.Kind] = [.stop, .stop, .isolate, .vanish, .mute, .mute, .leave, .halfOpen].filter {
      kinds.contains($0)
    }
    guard !choices.isEmpty else { return }
    var fault = Fault(numbers.pick(choices), &numbers, workers: workers, within: 2500)
    if fault.kind == .stop, numbers.chance(oneIn: 2) {
      (fault.target, fault.lasting) = (numbers.number(-1...0), numbers.number(1...Expectation.nap))
    } else if fault.lasting > 0 {
      fault.lasting = numbers.pick([3000, 5000, 20_000])
    }
    // Whose data links are well is missed by the coordinator alone.
    if fault.kind == .mute, expected >= 3, numbers.chance(oneIn: 3) {
      (fault.target, fault.other, fault.amount, fault.lasting) = (2, 0, 0, 5000)
    }
    if sharesFiles, !fault.kind.isOfSession { return }
    faults = [fault]
    calm = fault.at + numbers.pick([3000, 8000, 16_000]) + numbers.number(0...1000)
  }

  /// Few requests that take long, workers of which some die, and connections that end: who is to blame shows.
  private mutating func blame(_ numbers: inout SeededNumbers) {
    (rowTime, headTime) = (4_000_000, 0)
    calm = 4000
    orders = (0..<numbers.number(1...2)).map { _ in
      Order(
        kind: .generate, seed: numbers.below(1_000_000), count: numbers.number(40...150), limit: numbers.number(1...10),
        at: numbers.below(500))
    }
    let ends: [Fault.Kind] = sharesFiles ? [.kill] : [.kill, .kill, .cut, .flap, .halfOpen]
    faults = (0..<numbers.number(2...5)).map { _ in
      var fault = Fault(numbers.pick(ends), &numbers, workers: workers, within: calm)
      if fault.kind == .flap { fault.lasting = 1 }
      if fault.kind == .halfOpen { fault.amount = 2 }
      if fault.target > 0, fault.kind != .kill { fault.amount &= 2 }
      return fault
    }
    if sharesFiles {
      faults.removeAll { $0.target == 0 }
      for index in faults.indices { faults[index].lasting = 0 }
    }
    faults.sort { $0.at < $1.at }
  }

  /// A worker that can keep little of what it hands on is lost, so that others could keep more; and then another one.
  private mutating func growing(_ numbers: inout SeededNumbers) {
    (expected, spares, workers, positions, slots) = (3, 2, 5, 0, numbers.pick([8, 16]))
    (kept, waitingLimit, means) = (-1, 4096, RecoveryMeans.allCases)
    (quickest, slowest, rowTime, loadTime) = (100, 300, 1_000_000, 1000)
    orders = (0..<12).map { _ in
      Order(
        kind: .generate, seed: numbers.below(1_000_000), count: numbers.number(5...30), limit: 80,
        at: numbers.below(300))
    }
    let next: Int
    (lean, next) = numbers.pick([(1, 3), (3, 2)])
    let first = numbers.number(600...1500)
    faults = [
      Fault(kind: .kill, target: lean, at: first),
      Fault(kind: .kill, target: next, at: first + numbers.number(500...2500)),
    ]
    calm = faults[1].at + 1
  }

  /// Bytes that a worker offers.
  var memory: Int { positions > 0 ? memory(blocks: blocks, positions: positions) : 1 << 30 }

  /// Enough for its share of the blocks, and to keep what it hands on of three sequences.
  var leanMemory: Int {
    memory(
      blocks: (ToyModel.configuration.layerCount + expected - 1) / expected,
      positions: 2 * ToyModel.configuration.positionCount)
  }

  private func memory(blocks: Int, positions: Int) -> Int {
    let memory = StageMemory(ToyModel.configuration, rowLimit: max(512, rows, slots))
    return memory.fixed + blocks * (memory.block + memory.position * positions)
  }
}

extension Order {
  init(_ numbers: inout SeededNumbers, within span: Int) {
    let seed = numbers.below(1_000_000)
    let longest = numbers.chance(oneIn: 6) ? 150 : 30
    let at = numbers.below(span)
    switch numbers.number(0...5) {
    case 0: self.init(kind: .embed, seed: seed, count: numbers.number(1...longest), limit: 0, stride: 0, at: at)
    case 1:
      let window = numbers.number(2...20)
      self.init(
        kind: .score, seed: seed, count: numbers.number(2...(longest + 10)), limit: window,
        stride: numbers.number(1...window),
        at: at)
    default:
      self.init(
        kind: .generate, seed: seed, count: numbers.number(1...longest), limit: numbers.number(1...20), stride: 0,
        at: at)
    }
    client = numbers.number(0...2)
    if numbers.chance(oneIn: 8) { cancelled = numbers.number(1...4) }
    if numbers.chance(oneIn: 8) { held = numbers.number(1...40) }
  }
}

extension Fault {
  init(_ kind: Kind, _ numbers: inout SeededNumbers, workers: Int, within span: Int) {
    self.init(kind: kind, target: numbers.number(1...workers), at: numbers.below(span))
    lasting = numbers.pick([1, 30, 300, 300, 1000, 1000, 3000, 20_000])
    switch kind {
    case .kill:
      lasting = numbers.pick([0, 1, 100, 1000, 5000])
      amount = numbers.number(0...1)
      if numbers.chance(oneIn: 6) { (target, lasting, amount) = (0, numbers.pick([1, 100, 1000, 5000]), 0) }
    case .vanish, .join, .twin, .leave: lasting = 0
    case .stop:
      if numbers.chance(oneIn: 4) { target = numbers.number(-1...0) }
      lasting = numbers.pick([1, 30, 300, 1000, 2000, 20_000])
      if target > 0, numbers.chance(oneIn: 6) { lasting = 0 }
    case .stuck: lasting = numbers.pick([0, 300, 3000, 20_000])
    case .slow: amount = numbers.pick([2, 10, 100, 1000])
    case .isolate:
      amount = numbers.number(0...1)
      if numbers.chance(oneIn: 4) { lasting = 0 }
    case .mute:
      other = numbers.number(0...workers)
      if other == target { other = 0 }
      if other > 0, numbers.chance(oneIn: 4) { lasting = 0 }
      if numbers.chance(oneIn: 2) { swap(&target, &other) }
      amount = numbers.number(0...3)
    case .hush:
      other = numbers.number(0...workers)
      if other == target { other = 0 }
      (lasting, amount) = (numbers.pick([0, 0, 300, 3000]), numbers.number(0...1))
    case .lag: amount = numbers.pick([1, 10, 100, 500])
    case .cut:
      (lasting, amount) = (0, numbers.number(0...1))
      if numbers.chance(oneIn: 5) { (target, amount) = (0, 1) }
    case .flap:
      amount = numbers.number(0...1)
      if numbers.chance(oneIn: 5) { (target, amount) = (0, 1) }
    case .halfOpen:
      (lasting, amount) = (0, numbers.number(0...3))
      if numbers.chance(oneIn: 5) { (target, amount) = (0, numbers.pick([1, 3])) }
    case .barren: (lasting, amount) = (0, numbers.number(0...1))
    case .lose, .copy:
      (lasting, amount) = (0, numbers.pick([-1, 1, 1, 3]))
      if numbers.chance(oneIn: 5) { target = 0 }
      if numbers.chance(oneIn: 4) {
        (target, other) = (max(1, target), 1)
        // What the coordinator says that is no pulse comes while blocks are loaded.
        if amount < 0, numbers.chance(oneIn: 2) { at = numbers.below(150) }
      }
    }
  }
}

extension SeededNumbers {
  mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }
}
