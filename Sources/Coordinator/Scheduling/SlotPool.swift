internal import Pipeline

/// The slots that every stage's cache has, and the positions that every stage has memory for, over all slots.
///
/// What is given back can be taken again at once: the stages hear of it with the next micro-batch, before the rows of
/// whoever took it.
struct SlotPool {
  let slotCount: Int
  let positionBudget: Int
  /// Positions that the stages take memory for at a time.
  private let chunk: Int
  private var freePositions: Int
  /// Positions that the owner of each slot may come to fill, in whole chunks; 0 where it has none.
  private var taken: [Int]
  /// In descending order.
  private var freeSlots: [Int]
  /// Slots given back that the stages have not been told of.
  private(set) var released: [Int] = []
  private let omitted: Protections

  init(slotCount: Int, positionBudget: Int, chunk: Int = 1, omitting omitted: Protections = []) {
    self.omitted = omitted
    precondition(slotCount >= 1 && positionBudget >= 1 && chunk >= 1)
    self.slotCount = slotCount
    self.positionBudget = positionBudget
    self.chunk = chunk
    freePositions = positionBudget
    taken = Array(repeating: 0, count: slotCount)
    freeSlots = (0..<slotCount).reversed()
  }

  /// The same slots, with other room; nil when there is less than is taken.
  ///
  /// - Parameter lost: slots whose return was announced in vain. Those that are free still are announced again.
  func renewed(positionBudget: Int, announcing lost: [Int]) -> SlotPool? {
    guard positionsUsed <= positionBudget else { return nil }
    var pool = SlotPool(
      slotCount: slotCount, positionBudget: positionBudget, chunk: chunk, omitting: omitted)
    (pool.freeSlots, pool.taken) = (freeSlots, taken)
    pool.freePositions = positionBudget - positionsUsed
    let known = Set(released)
    if omitted.contains(.lostReleases) { return pool }
    pool.released = released + lost.filter { freeSlots.contains($0) && !known.contains($0) }
    return pool
  }

  /// Slots that are taken.
  var slotsUsed: Int { slotCount - freeSlots.count }
  /// Positions that the owners of those slots may come to fill.
  var positionsUsed: Int { positionBudget - freePositions }

  /// The lowest slot that is free; nil when there is none, or no room for `positions` of it.
  mutating func take(positions: Int) -> Int? {
    guard charge(positions) <= freePositions || omitted.contains(.budget), let slot = freeSlots.popLast() else {
      return nil
    }
    taken[slot] = charge(positions)
    freePositions -= taken[slot]
    return slot
  }

  mutating func giveBack(_ slot: Int) {
    freePositions += taken[slot]
    taken[slot] = 0
    if !omitted.contains(.releasedSlots) { released.append(slot) }
    freeSlots.append(slot)
    freeSlots.sort(by: >)
  }

  /// Whole chunks, but no more than all there is: what the budget has room for can have its turn.
  private func charge(_ positions: Int) -> Int { min((positions + chunk - 1) / chunk * chunk, positionBudget) }

  /// Forgets the first `count` of ``released``: the stages are told.
  mutating func announced(_ count: Int) { released.removeFirst(count) }
}
