internal import CKernels
internal import MicroBatching

/// Keys and values of a stage's blocks, for several sequences.
///
/// Each sequence has a slot with room for the longest context; memory behind it is taken as positions fill. A slot is
/// `[positions / 64][blocks][heads]` of what ``gpt2_head_cache`` describes: of a chunk of 64 positions keys and then values of
/// a head, keys as panels, so that a row of scores is a matrix product over them. So what a pass of one row each reads block
/// by block and head by head lies side by side; heads a power of two apart took twice as long, since they share the same
/// places of a cache.
final class KVCache {
  let slotCount: Int
  private let headCount: Int
  private let headWidth: Int
  private let positionCount: Int
  private let panelWidth: Int
  /// D rounded up to a whole panel.
  private let valuePitch: Int
  /// Floats of one head in a chunk, and of a chunk.
  private let (headPitch, chunkPitch): (Int, Int)
  private var slots: [Slot?]

  private final class Slot {
    let buffer: PageBuffer
    var length = 0

    /// In large pages, unless a sequence would take several chunks of memory for its first.
    init(chunkCount: Int, chunkPitch: Int) throws(ModelError) {
      let isLarge = 4 * chunkPitch >= PageBuffer.largePage
      buffer = try PageBuffer(count: chunkCount * chunkPitch, fillsUp: isLarge)
    }
  }

  init(configuration: Configuration, layerCount: Int, slotCount: Int, kernels: Kernels) {
    self.slotCount = slotCount
    headCount = configuration.headCount
    headWidth = configuration.headWidth
    panelWidth = kernels.panelWidth
    positionCount = configuration.positionCount
    valuePitch = (headWidth + panelWidth - 1) / panelWidth * panelWidth
    headPitch = Configuration.cacheChunk * (headWidth + valuePitch)
    chunkPitch = layerCount * headCount * headPitch
    slots = Array(repeating: nil, count: slotCount)
  }

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
      slots[segment.slot] = try Slot(chunkCount: chunkCount, chunkPitch: chunkPitch)
    }
    for segment in microBatch.segments { slots[segment.slot]!.length = segment.start + segment.count }
  }

  /// Gives a slot's memory back.
  func release(_ slot: Int) { slots[slot] = nil }

  /// Keys and values of a head, for the kernels.
  func head(_ head: Int, layer: Int, slot: Int) -> gpt2_head_cache {
    gpt2_head_cache(
      chunks: slots[slot]!.buffer.base + (layer * headCount + head) * headPitch, chunk_pitch: chunkPitch,
      head_width: headWidth, panel_width: panelWidth, value_pitch: valuePitch)
  }

  private var chunkCount: Int { (positionCount + Configuration.cacheChunk - 1) / Configuration.cacheChunk }
}
