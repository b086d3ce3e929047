/// What every message begins with; 40 bytes on the wire, little-endian.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | magic: the bytes `GPT2` |
/// | 4 | 2 | version of the protocol, ``version`` |
/// | 6 | 2 | kind of the message |
/// | 8 | 8 | epoch |
/// | 16 | 8 | number |
/// | 24 | 8 | sequence |
/// | 32 | 4 | attempt |
/// | 36 | 4 | bytes of the body, which follows |
public struct Header: Hashable, Sendable {
  public static let byteCount = 40
  /// Grows with every change of the bytes; peers of different versions refuse each other.
  public static let version: UInt16 = 2

  /// Which plan of the cluster the message belongs to; 0 before there is one.
  public var epoch: UInt64
  /// Counts the messages of one link in one direction from 0, so that a lost one is noticed.
  public var number: UInt64
  /// Which micro-batch of the epoch; 0 in messages that are about none.
  public var sequence: UInt64
  /// How often the micro-batch was sent before; 0 the first time.
  public var attempt: UInt32

  public init(epoch: UInt64 = 0, number: UInt64, sequence: UInt64 = 0, attempt: UInt32 = 0) {
    self.epoch = epoch
    self.number = number
    self.sequence = sequence
    self.attempt = attempt
  }
}
