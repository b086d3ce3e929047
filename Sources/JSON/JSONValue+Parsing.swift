extension JSONValue {
  /// Reads one JSON text (RFC 8259), UTF-8 throughout, in time linear in its size.
  ///
  /// Stricter than the RFC asks for: no key twice in an object, no lone surrogates, no byte-order mark, no numbers that
  /// are not finite in `Double`. The whole of `bytes` must be the text; white space may surround it.
  public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    var parser = JSONParser(bytes, limits: limits)
    self = try parser.parse()
  }
}
