/// What follows the header.
protocol MessageBody {
  static var kind: Message.Kind { get }
  init(_ reader: inout WireReader) throws(WireError)
  func write(to writer: inout WireWriter)
}
