/// Cuts a failing run down to what it fails for.
struct Shrinker {
  /// Whether a run still fails in the same way.
  let fails: (Options) async -> Bool
  private(set) var options: Options
  /// Runs that are left.
  private var budget: Int

  init(_ options: Options, budget: Int = 600, fails: @escaping (Options) async -> Bool) {
    (self.options, self.budget, self.fails) = (options, budget, fails)
  }

  /// Takes away and makes simpler, for as long as that gets anywhere.
  mutating func shrink() async -> Options {
    var before: Options
    repeat {
      before = options
      await dropFaults()
      await dropOrders()
      await dropWorkers()
      await simplifyCluster()
      await simplifyOrders()
      await simplifyFaults()
    } while options != before && budget > 0
    return options
  }

  private mutating func attempt(_ change: (inout Options) -> Void) async {
    var smaller = options
    change(&smaller)
    guard smaller != options, budget > 0 else { return }
    budget -= 1
    if await fails(smaller) { options = smaller }
  }

  private mutating func dropFaults() async {
    for index in options.faults.indices.reversed() { await attempt { $0.faults.remove(at: index) } }
  }

  private mutating func dropOrders() async {
    await attempt { $0.orders.removeLast($0.orders.count / 2) }
    await attempt { $0.orders.removeFirst($0.orders.count / 2) }
    for index in options.orders.indices.reversed() where options.orders.count > 1 {
      await attempt { $0.orders.remove(at: index) }
    }
  }

  private mutating func dropWorkers() async {
    for _ in 0..<options.workers {
      await attempt {
        guard $0.spares > 0 else { return }
        $0.spares -= 1
        $0.workers -= 1
      }
      await attempt {
        guard $0.expected > 1 else { return }
        $0.expected -= 1
        $0.workers -= 1
      }
    }
  }

  private mutating func simplifyCluster() async {
    let plain = Options(seed: options.seed)
    await attempt { $0.seed = 1 }
    await attempt { ($0.positions, $0.blocks) = (0, 0) }
    await attempt { $0.waitingLimit = plain.waitingLimit }
    await attempt { $0.rows = 0 }
    await attempt { $0.slots = plain.slots }
    await attempt { $0.sharesFiles = false }
    await attempt { $0.means = plain.means }
    await attempt { $0.headTime = 0 }
    await attempt { $0.loadTime = plain.loadTime }
    await attempt { $0.rowTime = plain.rowTime }
    await attempt { ($0.quickest, $0.slowest) = (plain.quickest, plain.slowest) }
    await attempt { $0.slowest = $0.quickest }
    await attempt { $0.patience = plain.patience }
  }

  private mutating func simplifyOrders() async {
    for index in options.orders.indices {
      await attempt { $0.orders[index].cancelled = 0 }
      await attempt { $0.orders[index].left = 0 }
      await attempt { $0.orders[index].held = 0 }
      await attempt { $0.orders[index].client = 0 }
      await attempt { $0.orders[index].at /= 2 }
      guard options.orders[index].kind == .generate else { continue }
      await attempt { $0.orders[index].count = ($0.orders[index].count + 1) / 2 }
      await attempt { $0.orders[index].limit = ($0.orders[index].limit + 1) / 2 }
    }
  }

  private mutating func simplifyFaults() async {
    for index in options.faults.indices {
      await attempt { $0.faults[index].lasting /= 2 }
      await attempt { if abs($0.faults[index].amount) > 1 { $0.faults[index].amount /= 2 } }
    }
    await attempt { $0.calm = ($0.faults.map { $0.at }.max() ?? 0) + 1 }
  }
}
