/// How work is cut for a pipe: how many micro-batches are in flight, and how large they are.
public struct Pacing: Sendable {
  /// Most micro-batches in flight at once.
  public var inFlightLimit: Int
  /// Set by hand: rows of every chunk of a prompt, and most rows of a decode step.
  public var fixedRows: Int?

  public init(stageCount: Int, fixedRows: Int? = nil) {
    inFlightLimit = stageCount == 1 ? 1 : stageCount + 1
    self.fixedRows = fixedRows
  }

  /// Most rows of the next micro-batch when `outstanding` rows of prompts wait to be read.
  public func rows(outstanding: Int) -> Int { fixedRows ?? 128 }

  /// Into how many groups `running` sequences that are being written are dealt.
  public func groupCount(running: Int) -> Int { max(1, min(running, inFlightLimit, 2)) }
}
