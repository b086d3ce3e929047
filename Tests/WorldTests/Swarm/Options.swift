import Platform

@testable import Coordinator

/// All that a seed stands for: the cluster, what is asked of it, and what is done to it. Times in milliseconds.
struct Options: Hashable, Sendable {
  /// Of what is left to chance: how long messages take, incarnations, secrets.
  var seed: Int
  // The cluster.
  /// Workers that the coordinator waits for, and that are there from the beginning.
  var expected = 1
  var workers = 1
  var spares = 0
  /// What is done about a loss, in this order.
  var means = RecoveryMeans.allCases
  var slots = 4
  /// Rows of a micro-batch; 0 where the plan decides.
  var rows = 0
  /// Positions of blocks' caches that each worker has memory for, with this many blocks; 0 where there is plenty.
  var positions = 0
  var blocks = 0
  /// Slots of which each worker may keep what it hands on; −1 for as many as there are.
  var kept = -1
  /// A worker that has memory for a few of them only; 0 for none.
  var lean = 0
  var waitingLimit = 4096
  /// Micro-batches that may be under way on a link; 0 where the plan decides.
  var credits = 0
  /// Microseconds that a message takes, at least and at most.
  var quickest = 100
  var slowest = 300
  /// Nanoseconds that a block takes for a row, and microseconds that it takes to be loaded and that the head takes.
  var rowTime = 10_000
  var loadTime = 1000
  var headTime = 0
  /// Whether workers read the coordinator's files, and are its own processes.
  var sharesFiles = false
  /// How long workers are waited for.
  var patience = 60_000

  var orders: [Order] = []
  var faults: [Fault] = []
  /// When faults are over.
  var calm = 1000

  var setup: World.Setup {
    var setup = World.Setup()
    setup.workerCount = expected
    (setup.spares, setup.means, setup.restarts) = (spares, means, sharesFiles)
    setup.latency = quickest...slowest
    setup.slotCount = slots
    setup.microBatchRows = rows == 0 ? nil : rows
    setup.waitingLimit = waitingLimit
    if credits > 0 { setup.creditLimit = credits }
    setup.patience = .milliseconds(patience)
    setup.memory = memory
    if kept >= 0 { setup.replayMemory = kept * ToyModel.slotBytes }
    setup.rowSeconds = Double(rowTime) * 1e-9
    setup.loadSeconds = Double(loadTime) * 1e-6
    setup.headSeconds = Double(headTime) * 1e-6
    setup.sharesFiles = sharesFiles
    setup.measuringTime = .milliseconds(20)
    return setup
  }
}

// As a line: words of the cluster, the orders, the faults.
extension Options: CustomStringConvertible {
  var description: String { words.map { "\($0)" }.joined(separator: " ") }

  private var words: [Word] {
    [
      Word("seed", ["is": seed]),
      Word(
        "cluster",
        [
          "expected": expected, "spares": spares, "workers": workers, "means": meansNumber, "slots": slots,
          "rows": rows, "positions": positions,
          "blocks": blocks, "kept": kept + 1, "lean": lean, "waiting": waitingLimit, "credits": credits,
          "shares": sharesFiles ? 1 : 0,
          "patience": patience,
        ]),
      Word(
        "pace",
        ["quickest": quickest, "slowest": slowest, "row": rowTime, "load": loadTime, "head": headTime]),
    ] + orders.map(\.word) + faults.map(\.word) + [Word("calm", ["at": calm])]
  }

  /// A digit for each of the means, counted from 1.
  private var meansNumber: Int {
    get { means.reduce(0) { 10 * $0 + RecoveryMeans.allCases.firstIndex(of: $1)! + 1 } }
    set {
      means = "\(newValue)".compactMap { $0.wholeNumberValue }.filter { $0 > 0 }.map { RecoveryMeans.allCases[$0 - 1] }
    }
  }

  /// - Returns: nil for what is no such line.
  init?(_ line: String) {
    self.init(seed: 0)
    for text in line.split(separator: " ") {
      guard let word = Word(text) else { return nil }
      switch word.name {
      case "seed": seed = word["is"]
      case "cluster":
        (expected, workers, slots, rows) = (word["expected"], word["workers"], word["slots"], word["rows"])
        (positions, blocks, waitingLimit) = (word["positions"], word["blocks"], word["waiting"])
        (kept, lean, credits) = (word["kept"] - 1, word["lean"], word["credits"])
        (spares, meansNumber) = (word["spares"], word["means"])
        (sharesFiles, patience) = (word["shares"] != 0, word["patience"])
      case "pace":
        (quickest, slowest, rowTime) = (word["quickest"], word["slowest"], word["row"])
        (loadTime, headTime) = (word["load"], word["head"])
      case "calm": calm = word["at"]
      default:
        if let order = Order(word) {
          orders.append(order)
        } else if let fault = Fault(word) {
          faults.append(fault)
        } else {
          return nil
        }
      }
    }
  }
}
