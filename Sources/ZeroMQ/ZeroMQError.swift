internal import CZMQ

/// A call of libzmq that failed.
public struct ZeroMQError: Error, Hashable, Sendable {
  /// What was tried, as `bind tcp://127.0.0.1:7000`.
  public var call: String
  /// libzmq's error number.
  public var code: Int32

  public init(call: String, code: Int32) {
    self.call = call
    self.code = code
  }
}
