/// The coordinator takes the worker in and tells it the model.
public struct Welcome: Hashable, Sendable {
  /// `config.json` of the model.
  public var configuration: [UInt8]
  /// How matrices are to be held in memory, by name, and what that comes to for the blocks of this model.
  public var weights: String
  public var blockWeights: String
  /// Whether the worker is to measure its speed.
  public var measures: Bool

  public init(configuration: [UInt8], weights: String, blockWeights: String, measures: Bool) {
    self.configuration = configuration
    (self.weights, self.blockWeights) = (weights, blockWeights)
    self.measures = measures
  }
}

extension Welcome: MessageBody {
  static var kind: Message.Kind { .welcome }

  init(_ reader: inout WireReader) throws(WireError) {
    configuration = try reader.bytes("configuration", in: WireLimits.configuration)
    weights = try reader.text("weights", in: WireLimits.weights)
    blockWeights = try reader.text("blockWeights", in: WireLimits.weights)
    measures = try reader.flag("measures")
  }

  func write(to writer: inout WireWriter) {
    writer.bytes(configuration, in: WireLimits.configuration)
    writer.sentence(weights, in: WireLimits.weights)
    writer.sentence(blockWeights, in: WireLimits.weights)
    writer.flag(measures)
  }
}
