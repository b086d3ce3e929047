/// The coordinator takes the worker in and tells it the model.
public struct Welcome: Hashable, Sendable {
  /// `config.json` of the model.
  public var configuration: [UInt8]
  /// Whether the worker is to measure its speed.
  public var measures: Bool

  public init(configuration: [UInt8], measures: Bool) {
    self.configuration = configuration
    self.measures = measures
  }
}

extension Welcome: MessageBody {
  static var kind: Message.Kind { .welcome }

  init(_ reader: inout WireReader) throws(WireError) {
    configuration = try reader.bytes("configuration", in: WireLimits.configuration)
    measures = try reader.flag("measures")
  }

  func write(to writer: inout WireWriter) {
    writer.bytes(configuration, in: WireLimits.configuration)
    writer.flag(measures)
  }
}
