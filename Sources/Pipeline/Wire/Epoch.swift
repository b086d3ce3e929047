/// Which plan of which coordinator a message belongs to; what is of an earlier one is fenced.
public struct Epoch: Hashable, Sendable {
  /// The coordinator's incarnation: random, new with every start.
  public var coordinator: UInt64
  /// Counts its plans, and each time that one is taken back; 0 before the first.
  public var plan: UInt32

  public init(coordinator: UInt64, plan: UInt32) { (self.coordinator, self.plan) = (coordinator, plan) }

  /// Where the sender knows none, and to whoever is no member.
  public static let none = Epoch(coordinator: 0, plan: 0)

  /// Of the next plan.
  public var next: Epoch { Epoch(coordinator: coordinator, plan: plan + 1) }

  /// Whether this is an earlier plan of the same coordinator.
  public func isBefore(_ other: Epoch) -> Bool { coordinator == other.coordinator && plan < other.plan }
}

extension Epoch: CustomStringConvertible {
  public var description: String { "\(String(coordinator, radix: 36)).\(plan)" }
}
