internal import Pipeline

/// Which micro-batch a worker had in hand when it died: found from what its neighbours had taken from it and handed to it.
struct Autopsy {
  /// The worker's, by which it is known when it joins again.
  let process: UInt64
  /// Of the plan that the worker was a stage of.
  let epoch: Epoch
  /// Whose rows each micro-batch in flight had, the oldest first, and the number of the first in the plan; nil for one that filled a
  /// cache anew, since others have computed all of its rows.
  let flights: [[RequestID]?]
  let first: UInt64
  /// The neighbours that still have to say how far they came; nil is the coordinator, which knows.
  var before: Roster.ID?
  var behind: Roster.ID?
  /// Micro-batches that were handed to the worker, and that it handed on.
  var given: UInt64
  var handedOn: UInt64

  /// Takes in the last word of a worker on that plan.
  mutating func take(_ id: Roster.ID, taken: UInt64, passed: UInt64) {
    if id == before { (before, given) = (nil, max(given, passed)) }
    if id == behind { (behind, handedOn) = (nil, max(handedOn, taken)) }
  }

  var isComplete: Bool { before == nil && behind == nil }

  /// Whose rows it may have died with: those of all that was handed to it and did not come out of it, also if that got lost on its
  /// way; empty where there was nothing.
  var victims: [RequestID] {
    var victims: [RequestID] = []
    for id in inHand.lazy.compactMap(\.self).joined() where !victims.contains(id) { victims.append(id) }
    return victims
  }

  /// Whether that is one request and nothing else.
  var isOfOne: Bool { victims.count == 1 && inHand.allSatisfy { $0 != nil } }

  private var inHand: ArraySlice<[RequestID]?> {
    guard given > handedOn, handedOn >= first else { return [] }
    // Both are what others say, and may be any number.
    return flights.dropFirst(Int(clamping: handedOn - first)).prefix(Int(clamping: given - handedOn))
  }
}
