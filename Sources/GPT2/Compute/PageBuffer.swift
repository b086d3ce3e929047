internal import LibC

/// Zeroed memory straight from the system; pages of it are taken when they are first written.
struct PageBuffer: ~Copyable, @unchecked Sendable {
  // Unchecked: the buffer has one owner; who writes where is that owner's matter.
  let floats: UnsafeMutableBufferPointer<Float>
  let byteCount: Int
  private let mapped: UnsafeMutableRawBufferPointer

  static let largePage = 2 << 20

  /// Room for `count` fp32 values; otherwise as ``init(byteCount:fillsUp:)``.
  init(count: Int, fillsUp: Bool) throws(ModelError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    guard !overflow else { throw .outOfMemory(bytes: Int.max) }
    try self.init(byteCount: bytes, fillsUp: fillsUp)
  }

  /// - Parameter fillsUp: whether it will be written from its beginning on, so that large pages, which are faster, waste
  ///   nothing.
  /// - Throws: ``ModelError/outOfMemory(bytes:)`` when the system has no such room.
  init(byteCount: Int, fillsUp: Bool) throws(ModelError) {
    self.byteCount = byteCount
    let bytes = max(byteCount, MemoryLayout<Float>.stride)
    guard bytes < Int.max / 2 else { throw .outOfMemory(bytes: Int.max) }
    // One large page more than asked for, so that the buffer can begin at a page's border.
    let isLarge = fillsUp && bytes >= Self.largePage
    let length = isLarge ? bytes + Self.largePage : bytes
    guard let address = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | Self.anonymous, -1, 0),
      address != MAP_FAILED
    else { throw .outOfMemory(bytes: bytes) }
    mapped = UnsafeMutableRawBufferPointer(start: address, count: length)
    let start = isLarge ? address.alignedUp(toMultipleOf: Self.largePage) : address
    #if os(Linux)
      // Whole large pages only: the rest of the last one would be resident for nothing.
      if isLarge { madvise(start, bytes / Self.largePage * Self.largePage, MADV_HUGEPAGE) }
      // Where the system gives large pages to everybody, a buffer that is filled here and there would be cleared, and
      // resident, all of it.
      if !fillsUp { madvise(start, bytes, MADV_NOHUGEPAGE) }
    #endif
    floats = UnsafeMutableBufferPointer(
      start: start.assumingMemoryBound(to: Float.self), count: byteCount / MemoryLayout<Float>.stride)
  }

  deinit { munmap(mapped.baseAddress, mapped.count) }

  var base: UnsafeMutablePointer<Float> { floats.baseAddress! }
  var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(base) }

  #if canImport(Darwin)
    private static let anonymous = MAP_ANON
  #else
    private static let anonymous = MAP_ANONYMOUS
  #endif
}
