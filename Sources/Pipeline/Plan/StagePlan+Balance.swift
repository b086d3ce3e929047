extension StagePlan {
  /// The plan with the smallest bottleneck: no other split gives more micro-batches a second.
  ///
  /// The bottleneck is the longest time that a micro-batch occupies a stage, or the cores of a host that stages and the
  /// coordinator share. A coordinator of its own host takes the same time whatever the split. Among plans of equal bottleneck the load is spread as evenly as can be, and members that
  /// would make it worse are spares.
  ///
  /// - Precondition: `blockCount` is at least 1, all seconds are finite and not negative, cores and threads at least 1.
  /// - Throws: ``PlanError`` when there is no member, or when the blocks do not fit the members' memory.
  public init(
    balancing blockCount: Int, over members: [Member], coordinator: CoordinatorLoad, memory: StageMemory
  ) throws(PlanError) {
    precondition(blockCount >= 1)
    precondition(members.allSatisfy { $0.blockSeconds >= 0 && $0.blockSeconds.isFinite })
    precondition(members.allSatisfy { $0.cores >= 1 && $0.threads >= 1 } && coordinator.seconds >= 0)
    guard !members.isEmpty else { throw .noMembers(blockCount: blockCount) }
    let room = members.map { memory.blocks(in: $0.memory, limit: blockCount) }
    let fitting = room.reduce(0, +)
    guard fitting >= blockCount else {
      throw .modelDoesNotFit(
        blockCount: blockCount, fitting: fitting, memberCount: members.count,
        needed: memory.needed(blocks: blockCount) - memory.fixed, offered: members.reduce(0) { $0 &+ $1.memory })
    }
    let loads = HostLoads(members: members, room: room, coordinator: coordinator)
    // Sums of the same loads in another order round to another number: a little more than the smallest is as good.
    let bottleneck = loads.smallestBottleneck(blockCount: blockCount) * (1 + 1e-12)

    var counts = Array(repeating: 0, count: members.count)
    for placed in 0..<blockCount {
      // To whom it is the lightest load, of those that leave room for all the rest within the bottleneck.
      let choices = members.indices.filter { member in
        guard counts[member] < room[member] else { return false }
        var next = counts
        next[member] += 1
        return loads.capacity(within: bottleneck, from: next).map { $0 >= blockCount - placed - 1 } ?? false
      }
      let chosen = choices.min {
        loads.load(of: $0, blocks: counts[$0] + 1) < loads.load(of: $1, blocks: counts[$1] + 1)
      }
      // Where times are so small that sums of them say nothing, anybody with room.
      counts[chosen ?? members.indices.first { counts[$0] < room[$0] }!] += 1
    }

    let spares = members.indices.filter { counts[$0] == 0 }.map { member in
      let reason: Spare.Reason =
        if room[member] == 0 {
          .tooSmall(memory: members[member].memory, needed: memory.needed(blocks: 1))
        } else if members[member].blockSeconds > bottleneck {
          .tooSlow
        } else {
          .notNeeded
        }
      return Spare(member: member, name: members[member].name, reason: reason)
    }
    self.init(counts: members.indices.map { (member: $0, blocks: counts[$0]) }, spares: spares)
  }
}

/// What the stages and the hosts have to do for one micro-batch, for numbers of blocks given to the members.
private struct HostLoads {
  private let members: [Member]
  private let room: [Int]
  /// Members of each host, least core time for a block first.
  private let hosts: [(members: [Int], cores: Double, coordinatorWork: Double)]
  private let hostOfMember: [Int]

  init(members: [Member], room: [Int], coordinator: CoordinatorLoad) {
    self.members = members
    self.room = room
    var hosts: [(members: [Int], cores: Double, coordinatorWork: Double)] = []
    var indices: [String: Int] = [:]
    var hostOfMember: [Int] = []
    for (index, member) in members.enumerated() {
      let host = indices[member.host] ?? hosts.count
      if host == hosts.count {
        indices[member.host] = host
        hosts.append(([], 1, 0))
      }
      hosts[host].members.append(index)
      hosts[host].cores = max(hosts[host].cores, Double(member.cores))
      hostOfMember.append(host)
    }
    if let host = indices[coordinator.host] {
      hosts[host].cores = max(hosts[host].cores, Double(coordinator.cores))
      hosts[host].coordinatorWork = Double(min(coordinator.threads, coordinator.cores)) * coordinator.seconds
    }
    let work = members.map(Self.coreSeconds)
    for host in hosts.indices { hosts[host].members.sort { (work[$0], $0) < (work[$1], $1) } }
    self.hosts = hosts
    self.hostOfMember = hostOfMember
  }

  /// Core time of one block, in seconds.
  private static func coreSeconds(_ member: Member) -> Double {
    Double(min(member.threads, member.cores)) * member.blockSeconds
  }

  /// The load of a member that has so many blocks while everything on its host is busy.
  func load(of member: Int, blocks: Int) -> Double {
    let host = hosts[hostOfMember[member]]
    let threads = host.members.reduce(0) { $0 + min(members[$1].threads, members[$1].cores) }
    return Double(blocks) * members[member].blockSeconds * max(1, Double(threads) / host.cores)
  }

  /// How many blocks more than `counts` can be taken so that no load is above `seconds`; nil when one is already.
  func capacity(within seconds: Double, from counts: [Int]) -> Int? {
    var capacity = 0
    for host in hosts {
      var left = seconds * host.cores - host.coordinatorWork
      for member in host.members {
        guard Double(counts[member]) * members[member].blockSeconds <= seconds else { return nil }
        left -= Double(counts[member]) * Self.coreSeconds(members[member])
      }
      guard left >= 0 || host.members.allSatisfy({ counts[$0] == 0 }) else { return nil }
      // Every block counts for one, so those that take least of the host come first.
      for member in host.members {
        let most = Self.blocks(of: members[member].blockSeconds, within: seconds, limit: room[member]) - counts[member]
        let taken = Self.blocks(of: Self.coreSeconds(members[member]), within: max(left, 0), limit: most)
        left -= Double(taken) * Self.coreSeconds(members[member])
        capacity += taken
      }
    }
    return capacity
  }

  /// Most blocks of so many seconds each within a time.
  private static func blocks(of each: Double, within seconds: Double, limit: Int) -> Int {
    guard each > 0 else { return limit }
    var count = Int(min(Double(limit), seconds / each))
    // Division rounds; what counts is the product, which is what loads are made of.
    while count < limit, Double(count + 1) * each <= seconds { count += 1 }
    while count > 0, Double(count) * each > seconds { count -= 1 }
    return count
  }

  /// The smallest time within which all blocks can be placed.
  func smallestBottleneck(blockCount: Int) -> Double {
    let none = Array(repeating: 0, count: members.count)
    func suffices(_ seconds: Double) -> Bool { capacity(within: seconds, from: none).map { $0 >= blockCount } ?? false }
    var high = hosts.map(\.coordinatorWork).reduce(0, +)
    for member in members { high += Double(blockCount) * Self.coreSeconds(member) }
    if !suffices(high) { high = high.nextUp + high }
    var low = 0.0
    if suffices(low) { return low }
    // Until no number lies between.
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { return high }
      if suffices(middle) { high = middle } else { low = middle }
    }
  }
}
