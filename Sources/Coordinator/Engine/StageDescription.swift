internal import Pipeline
internal import ZeroMQ

/// One stage of the running pipe.
public struct StageDescription: Hashable, Sendable {
  public var name: String
  public var address: String
  public var layers: Range<Int>
  public var threads: Int
  public var kernels: String
  /// Bytes of its weights, by how they came.
  public var bytesRead = 0
  public var bytesReceived = 0
  public var bytesCached = 0
}
