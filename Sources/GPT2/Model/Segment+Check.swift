internal import MicroBatching

extension Segment {
  /// Throws unless the segment has rows, and all of them stand at positions that the model has.
  func check(positionCount: Int) throws(ModelError) {
    guard count >= 1, start >= 0 else { throw .malformedSegment(slot: slot, start: start, count: count) }
    guard start <= positionCount, count <= positionCount - start else {
      throw .beyondContext(position: max(start, positionCount), limit: positionCount)
    }
  }
}
