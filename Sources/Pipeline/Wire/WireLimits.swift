/// Bounds of every field that crosses the wire, in one place.
///
/// What is decoded keeps them, so that sums and products of a few fields cannot overflow; encoding a value beyond them traps.
public enum WireLimits {
  // Counts and indices.
  public static let stages = 1...1024
  /// The sender of activations; −1 is the coordinator.
  public static let openStages = -1...(stages.upperBound - 1)
  /// Bounds of a slice; as many blocks as a `config.json` may name.
  public static let layers = 0...1024
  /// How many slots a cache may have.
  public static let slots = 1...4096
  public static let slotIndices = 0...(slots.upperBound - 1)
  public static let segments = 0...4096
  public static let rows = 1...65536
  public static let positions = 0...(1 << 20)
  public static let width = 1...65536
  public static let credits = 1...4096
  public static let threads = 1...65536
  public static let tensors = 0...16384
  public static let tensorIndices = 0...(tensors.upperBound - 1)
  public static let tensorRank = 1...4
  public static let tensorExtent = 1...(1 << 24)
  /// Values in one tensor.
  public static let tensorElements = 1 << 40
  /// Pieces of a tensor that one request may ask for.
  public static let pieces = 1...1024
  public static let measurementPoints = 0...1024
  public static let stageRecords = 0...1024
  /// 0 is none.
  public static let failedLinks = 0...2

  // Bytes.
  /// A worker's name: with its incarnation it has to fit into a routing id, which ZeroMQ limits to 255 bytes.
  public static let workerName = 1...128
  public static let name = 1...255
  public static let address = 1...1024
  public static let sentence = 0...4096
  public static let configuration = 1...(1 << 20)
  /// The name of a weight type; empty where any will do.
  public static let weights = 0...32
  public static let fingerprint = 32
  public static let key = 32
  public static let piece = 1...(1 << 18)
  /// Bytes in memory or in a file: 8 PiB.
  public static let byteCount = 0...(1 << 53)
  /// Bytes of the longest message, header included; activations come in a frame of their own.
  public static let message = 8 << 20

  /// Times and spans: 146 years.
  public static let nanoseconds: UInt64 = 1 << 62
}
