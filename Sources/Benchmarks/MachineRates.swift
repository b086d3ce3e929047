/// What a machine does at most, as it was measured around a piece of work.
struct MachineRates {
  /// fp32 multiply-adds, in GFLOP/s.
  var fma: Double
  /// Products of 8-bit numbers, in GOP/s; nil where the work has none.
  var dot: Double?
  /// Reads of memory, in GB/s.
  var read: Double

  /// Between two measurements.
  static func mean(_ one: MachineRates, _ other: MachineRates) -> MachineRates {
    MachineRates(
      fma: (one.fma + other.fma) / 2, dot: one.dot.flatMap { dot in other.dot.map { (dot + $0) / 2 } },
      read: (one.read + other.read) / 2)
  }
}
