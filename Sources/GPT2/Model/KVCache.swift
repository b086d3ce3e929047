internal import CKernels
internal import MicroBatching

/// Keys and values of a stage's blocks, for several sequences.
///
/// Each sequence has a slot with room for the longest context; memory behind it is taken as positions fill. Within a slot,
/// block by block and head by head, keys lie as `[positions / panelWidth][D][panelWidth]`, so that a row of scores is a
/// matrix product over panels, and values as `[positions][D]` with D rounded up to a panel.
final class KVCache {
  let slotCount: Int
  private let layerCount: Int
  private let headCount: Int
  private let headWidth: Int
  private let positionCount: Int
  private let panelWidth: Int
  private var slots: [Slot?]

  private final class Slot {
    let buffer: PageBuffer
    var length = 0

    init(count: Int) throws(ModelError) { buffer = try PageBuffer(count: count, fillsUp: false) }
  }

  init(configuration: Configuration, layerCount: Int, slotCount: Int, kernels: Kernels) {
    self.slotCount = slotCount
    self.layerCount = layerCount
    headCount = configuration.headCount
    headWidth = configuration.headWidth
    panelWidth = kernels.panelWidth
    positionCount = configuration.positionCount
    slots = Array(repeating: nil, count: slotCount)
  }

  /// D rounded up to a whole panel.
  var valuePitch: Int { roundUp(headWidth) }

  /// How many positions of a slot are cached.
  func length(of slot: Int) -> Int { slots[slot]?.length ?? 0 }

  /// Makes room for the rows of a micro-batch: gives back the slots it releases, rolls others back to where its segments
  /// start, and takes their positions in.
  ///
  /// Either all segments are taken or, when one is refused, none.
  func admit(_ microBatch: MicroBatch) throws(ModelError) {
    let released = Set(microBatch.releasedSlots)
    for slot in released where slot < 0 || slot >= slotCount { throw .slotOutOfRange(slot: slot, slotCount: slotCount) }
    var seen = Set<Int>()
    for segment in microBatch.segments {
      guard segment.slot >= 0, segment.slot < slotCount else {
        throw .slotOutOfRange(slot: segment.slot, slotCount: slotCount)
      }
      try segment.check(positionCount: positionCount)
      guard seen.insert(segment.slot).inserted else { throw .slotTwice(slot: segment.slot) }
      let cached = released.contains(segment.slot) ? 0 : length(of: segment.slot)
      guard segment.start <= cached else { throw .gap(slot: segment.slot, start: segment.start, cached: cached) }
    }
    for slot in released { release(slot) }
    for segment in microBatch.segments where slots[segment.slot] == nil {
      slots[segment.slot] = try Slot(count: layerCount * headCount * headStride)
    }
    for segment in microBatch.segments { slots[segment.slot]!.length = segment.start + segment.count }
  }

  /// Gives a slot's memory back.
  func release(_ slot: Int) { slots[slot] = nil }

  /// Keys of a head, `[positions / panelWidth][D][panelWidth]`.
  func keys(slot: Int, layer: Int, head: Int) -> UnsafeMutablePointer<Float> {
    slots[slot]!.buffer.base + (layer * headCount + head) * headStride
  }

  /// Values of a head, `[positions][valuePitch]`.
  func values(slot: Int, layer: Int, head: Int) -> UnsafeMutablePointer<Float> {
    keys(slot: slot, layer: layer, head: head) + roundUp(positionCount) * headWidth
  }

  private var headStride: Int { roundUp(positionCount) * headWidth + positionCount * valuePitch }

  private func roundUp(_ count: Int) -> Int { (count + panelWidth - 1) / panelWidth * panelWidth }
}
