extension StagePlan {
  /// Reads a split as people write it: blocks of each stage with commas between, `5,4,3`.
  public static func parts(of text: String) throws(PlanError) -> [Int] {
    var parts: [Int] = []
    for field in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let part = Int(field.drop { $0 == " " }), parts.count < 4096 else {
        throw .splitNotNumbers(String(text.prefix(80)))
      }
      guard part > 0 else { throw .splitPartEmpty(part) }
      parts.append(part)
    }
    return parts
  }

  /// Sees what can be seen of a split before there are members: whether the parts are those of `blockCount` blocks, and no more
  /// than the members.
  public static func check(split parts: [Int], blockCount: Int, memberCount: Int) throws(PlanError) {
    if let part = parts.first(where: { $0 <= 0 }) { throw .splitPartEmpty(part) }
    let sum = parts.reduce(0) { $0.addingReportingOverflow($1).overflow ? Int.max : $0 + $1 }
    guard sum == blockCount else { throw .splitDoesNotAddUp(parts, sum: sum, blockCount: blockCount) }
    guard parts.count <= memberCount else { throw .splitHasMoreParts(parts, memberCount: memberCount) }
  }

  /// The plan that a person gave: part i goes to member i, the members behind the last part are spares.
  ///
  /// Where a part does not fit the member whose turn it is, the largest parts go to the members with most memory; the
  /// parts keep their order in any case.
  ///
  /// - Throws: ``PlanError`` when the parts do not add up to `blockCount`, are more than the members, or do not fit.
  public init(split parts: [Int], blockCount: Int, members: [Member], memory: StageMemory) throws(PlanError) {
    try Self.check(split: parts, blockCount: blockCount, memberCount: members.count)
    var places = Array(parts.indices)
    func fits(_ part: Int) -> Bool { memory.needed(blocks: parts[part]) <= members[places[part]].memory }
    if !parts.indices.allSatisfy(fits) {
      // Largest to largest fits whenever anything does. Both sorts are stable, so equals keep their order.
      let byMemory = members.indices.sorted { (members[$0].memory, $1) > (members[$1].memory, $0) }
      let bySize = parts.indices.sorted { (parts[$0], $1) > (parts[$1], $0) }
      for (part, member) in zip(bySize, byMemory) { places[part] = member }
      if let part = bySize.first(where: { !fits($0) }) {
        let member = members[places[part]]
        throw .partDoesNotFit(
          blocks: parts[part], needed: memory.needed(blocks: parts[part]), name: member.name, memory: member.memory)
      }
    }
    let taken = Set(places)
    self.init(
      counts: zip(places, parts).map { (member: $0, blocks: $1) },
      spares: members.indices.filter { !taken.contains($0) }.map {
        Spare(member: $0, name: members[$0].name, reason: .notNeeded)
      })
  }
}
