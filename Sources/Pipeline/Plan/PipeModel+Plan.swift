internal import Platform

extension PipeModel {
  /// The pipe that a plan makes of its members.
  ///
  /// All cores of a host together read memory a tenth faster than the fastest of its processes does alone, as was
  /// measured: one core nearly exhausts it.
  ///
  /// - Parameters:
  ///   - members: those the plan was made for.
  ///   - costs: how fast each of them is.
  ///   - coordinator: where it is; its seconds are not used, but `edges`.
  public init(
    _ plan: StagePlan, members: [Member], costs: [CostModel], coordinator: CoordinatorLoad, edges: EdgeCosts,
    network: Link = .loopback, local: Link = .loopback
  ) {
    precondition(costs.count == members.count)
    var names = [coordinator.host]
    var hosts = [Host(cores: coordinator.cores, memoryRate: 0)]
    let stages = plan.stages.map { stage in
      let (member, cost) = (members[stage.member], costs[stage.member])
      let host = names.firstIndex(of: member.host) ?? names.count
      if host == names.count {
        names.append(member.host)
        hosts.append(Host(cores: member.cores, memoryRate: 0))
      }
      hosts[host].cores = max(hosts[host].cores, member.cores)
      hosts[host].memoryRate = max(hosts[host].memoryRate, 1.1 * cost.memoryRate)
      return Stage(host: host, threads: member.threads, blockCount: stage.layers.count, cost: cost)
    }
    // Nobody but the coordinator is there to share it with.
    if hosts[0].memoryRate == 0 { hosts[0].memoryRate = .infinity }
    self.init(
      hosts: hosts, stages: stages,
      coordinator: Coordinator(host: 0, threads: coordinator.threads, costs: edges), network: network, local: local)
  }
}
