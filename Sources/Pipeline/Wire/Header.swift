/// What every message begins with; 40 bytes on the wire, little-endian.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | magic: the bytes `GPT2` |
/// | 4 | 2 | version of the protocol, ``version`` |
/// | 6 | 2 | kind of the message |
/// | 8 | 8 | the coordinator's incarnation |
/// | 16 | 8 | number |
/// | 24 | 8 | sequence |
/// | 32 | 4 | plan |
/// | 36 | 4 | bytes of the body, which follows |
public struct Header: Hashable, Sendable {
  public static let byteCount = 40
  /// Grows with every change of the bytes; peers of different versions refuse each other.
  public static let version: UInt16 = 4

  /// Which plan of which coordinator the message belongs to.
  public var epoch: Epoch
  /// Counts the messages of one link in one direction from 0, so that a lost one is noticed.
  public var number: UInt64
  /// Which micro-batch of the epoch; 0 in messages that are about none.
  public var sequence: UInt64

  public init(epoch: Epoch = .none, number: UInt64, sequence: UInt64 = 0) {
    self.epoch = epoch
    self.number = number
    self.sequence = sequence
  }
}
