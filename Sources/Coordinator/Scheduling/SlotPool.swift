/// The slots that every stage's cache has, and the positions that every stage has memory for, over all slots.
///
/// What is given back can be taken again at once: the stages hear of it with the next micro-batch, before the rows of
/// whoever took it.
struct SlotPool {
  let slotCount: Int
  let positionBudget: Int
  private var freePositions: Int
  /// In descending order.
  private var freeSlots: [Int]
  /// Slots given back that the stages have not been told of.
  private(set) var released: [Int] = []

  init(slotCount: Int, positionBudget: Int) {
    precondition(slotCount >= 1 && positionBudget >= 1)
    self.slotCount = slotCount
    self.positionBudget = positionBudget
    freePositions = positionBudget
    freeSlots = (0..<slotCount).reversed()
  }

  /// Slots that are taken.
  var slotsUsed: Int { slotCount - freeSlots.count }
  /// Positions that the owners of those slots may come to fill.
  var positionsUsed: Int { positionBudget - freePositions }

  /// The lowest slot that is free; nil when there is none, or no room for `positions` of it.
  mutating func take(positions: Int) -> Int? {
    guard positions <= freePositions, let slot = freeSlots.popLast() else { return nil }
    freePositions -= positions
    return slot
  }

  mutating func giveBack(_ slot: Int, positions: Int) {
    freePositions += positions
    released.append(slot)
    freeSlots.append(slot)
    freeSlots.sort(by: >)
  }

  /// Forgets the first `count` of ``released``: the stages are told.
  mutating func announced(_ count: Int) { released.removeFirst(count) }
}
