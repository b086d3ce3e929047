/// A contiguous slice of the stack of transformer blocks, from `lowerBound` up to but not including `upperBound`.
public typealias LayerRange = Range<Int>
