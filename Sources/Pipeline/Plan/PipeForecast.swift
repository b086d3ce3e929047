internal import MicroBatching

/// What a pipe is foretold to do.
public struct PipeForecast: Hashable, Sendable {
  public var seconds: Double
  public var tokensPerSecond: Double
  /// Share of the time that each stage had work.
  public var busy: [Double]
  public var coordinatorBusy: Double
  /// Share of the time that the busiest link was sending.
  public var linkBusy: Double
  public var microBatchCount: Int

  /// Share of the stages' time that went by without work.
  public var idleShare: Double { 1 - busy.reduce(0, +) / Double(busy.count) }

  /// The idle share that GPipe (Huang et al. 2019) states for equal stages, (P − 1) / (M + P − 1).
  public var gpipeIdleShare: Double { Double(busy.count - 1) / Double(microBatchCount + busy.count - 1) }
}
