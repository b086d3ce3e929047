import GPT2
import MicroBatching
import Pipeline
import Platform

@testable import Worker

/// A worker's process.
final class Node: Process {
  let index: Int
  /// Bytes that it offers.
  let memory: Int
  var state: WorkerState
  /// Its monotonic clock, less the world's.
  var clock = Duration.zero
  var next: Dial?
  var control: Dial?
  /// Messages over the listening socket that were not taken yet.
  var inbox: [(event: WorkerEvent, values: [UInt64])] = []
  /// Activations of the message that was taken last, and of the pass that was computed last.
  var values: [UInt64] = []
  /// The micro-batch that they are of.
  var sequence: UInt64 = 0
  var computed: [UInt64] = []
  var slice: ToySlice?
  /// What it handed on, by slot and position.
  var kept: [[UInt64]] = []
  /// Counts what the thread was given to do; what comes of anything earlier is of no use.
  var task = 0
  var isLoading = false
  /// Blocks in memory, and in the cache on the disk.
  var held: Set<Int> = []
  var cached: Set<Int> = []
  var assignment: Assignment?
  var assignmentEpoch = Epoch.none
  /// Blocks that are to come into memory.
  var missing: [Int] = []
  /// Blocks that were brought into memory, again and again if they were.
  var loads: [Int] = []
  var end: Result<Void, any Error>?
  /// How often the session has started it anew, and whether it will not start any more.
  var restarts = 0
  var cannotStart = false
  /// Whether it hangs when it is started the next time.
  var hangsOnStart = false
  /// Times as long as it was found to take when it measured.
  var slowness = 1.0
  /// Whether it never comes to the end of what it computes, and says that it lives.
  var isStuck = false
  /// What comes of the pass that it computes.
  var inHand: [UInt64]?

  func keep(_ microBatch: MicroBatch, _ values: [UInt64]) {
    for slot in microBatch.releasedSlots where slot < kept.count { kept[slot] = [] }
    var row = 0
    for segment in microBatch.segments {
      defer { row += segment.count }
      guard segment.slot < kept.count else { continue }
      kept[segment.slot].removeLast(max(0, kept[segment.slot].count - segment.start))
      kept[segment.slot] += values[row..<(row + segment.count)]
    }
  }

  /// By how much that takes more than it may, chunk by chunk; nil where it does not.
  func excess(limit: Int) -> Int? {
    let chunk = Configuration.cacheChunk
    let positions = kept.reduce(0) { $0 + ($1.count + chunk - 1) / chunk * chunk }
    let excess = positions * ToyModel.configuration.width * MemoryLayout<Float>.size - min(limit, memory / 8)
    return excess > 0 ? excess : nil
  }

  /// Passes of its present plan that it has not taken.
  var waitingPasses: Int {
    inbox.count { event, _ in
      if case .message(let header, .pass, _, _) = event { header.epoch == assignmentEpoch } else { false }
    }
  }

  init(_ index: Int, _ name: String, _ address: String, memory: Int, _ state: WorkerState) {
    (self.index, self.memory, self.state) = (index, memory, state)
    super.init(name, address)
  }
}
