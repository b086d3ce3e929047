extension Message {
  /// The bytes of the message's frame; traps when a field is beyond ``WireLimits``. Sentences are cut to them instead.
  public func encode(header: Header) -> [UInt8] {
    let body = body
    var writer = WireWriter()
    header.write(to: &writer, kind: type(of: body).kind, bodyByteCount: 0)
    body.write(to: &writer)
    // Known only now.
    writer.replace(at: Header.byteCount - 4, by: UInt32(writer.bytes.count - Header.byteCount))
    return writer.bytes
  }

  /// Reads a frame; whatever the bytes are, they are a message within ``WireLimits`` or the error says why not.
  public static func decode(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> (Header, Message) {
    let (header, kind) = try Header.read(bytes)
    var reader = WireReader(bytes, from: Header.byteCount, of: kind)
    let message = try Message(kind, &reader)
    try reader.finish()
    return (header, message)
  }

  public static func decode(_ bytes: [UInt8]) throws(WireError) -> (Header, Message) {
    let result: Result<(Header, Message), WireError> = bytes.withUnsafeBytes { bytes in
      do throws(WireError) { return .success(try decode(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private init(_ kind: Kind, _ reader: inout WireReader) throws(WireError) {
    self =
      switch kind {
      case .hello: .hello(try Hello(&reader))
      case .measurement: .measurement(try Measurement(&reader))
      case .wanted: .wanted(try Wanted(&reader))
      case .ready: .ready(try Ready(&reader))
      case .heartbeat: .heartbeat(try Heartbeat(&reader))
      case .failure: .failure(try Failure(&reader))
      case .welcome: .welcome(try Welcome(&reader))
      case .refusal: .refusal(try Refusal(&reader))
      case .assignment: .assignment(try Assignment(&reader))
      case .piece: .piece(try Piece(&reader))
      case .pulse: .pulse(try Pulse(&reader))
      case .goodbye: .goodbye(try Goodbye(&reader))
      case .open: .open(try Open(&reader))
      case .credit: .credit(try Credit(&reader))
      case .pass: .pass(try Pass(&reader))
      case .beat: .beat(try Beat(&reader))
      }
  }

  var body: any MessageBody {
    switch self {
    case .hello(let body): body
    case .measurement(let body): body
    case .wanted(let body): body
    case .ready(let body): body
    case .heartbeat(let body): body
    case .failure(let body): body
    case .welcome(let body): body
    case .refusal(let body): body
    case .assignment(let body): body
    case .piece(let body): body
    case .pulse(let body): body
    case .goodbye(let body): body
    case .open(let body): body
    case .credit(let body): body
    case .pass(let body): body
    case .beat(let body): body
    }
  }
}
