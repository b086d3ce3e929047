internal import CZlib

/// How a body is compressed.
enum ContentEncoding {
  case gzip
  case deflate

  /// Reads the value of a Content-Encoding field; nil for what is not known.
  init?(_ name: String) {
    switch name.lowercased() {
    case "gzip", "x-gzip": self = .gzip
    case "deflate": self = .deflate
    default: return nil
    }
  }
}

/// Why bytes cannot be inflated.
enum InflationError: Error, Hashable {
  case corrupt
  /// They end before the compressed data does.
  case truncated
  case tooLarge
}

extension ContentEncoding {
  private static let pieceBytes = 1 << 16

  /// What `bytes` hold: for gzip all members, one after the other (RFC 1952); for deflate zlib's format (RFC 1950) or, as some
  /// clients have it, the bare one (RFC 1951).
  ///
  /// - Parameters:
  ///   - limit: the most that may come out. No more than a piece beyond it is ever in memory.
  ///   - reserve: called before each piece with its bytes.
  func inflate(_ bytes: [UInt8], limit: Int, reserve: (Int) throws -> Void) throws -> [UInt8] {
    guard !bytes.isEmpty else { throw InflationError.truncated }
    var stream = z_stream()
    // zlib keeps the stream's address.
    return try withUnsafeMutablePointer(to: &stream) { stream in
      guard inflateInit2_(stream, windowBits(bytes), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        throw InflationError.corrupt
      }
      defer { inflateEnd(stream) }
      var output: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
      try bytes.withUnsafeBufferPointer { bytes in
        // zlib reads through the pointer only.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
        stream.pointee.avail_in = UInt32(bytes.count)
        while true {
          let (status, count) = piece.withUnsafeMutableBufferPointer { piece in
            stream.pointee.next_out = piece.baseAddress
            stream.pointee.avail_out = UInt32(piece.count)
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            return (status, piece.count - Int(stream.pointee.avail_out))
          }
          guard output.count + count <= limit else { throw InflationError.tooLarge }
          try reserve(count)
          output.append(contentsOf: piece[..<count])
          switch status {
          case Z_OK: continue
          case Z_STREAM_END where stream.pointee.avail_in == 0: return
          case Z_STREAM_END where self == .gzip: inflateReset(stream)
          // All input is used up, and more is expected.
          case Z_BUF_ERROR where stream.pointee.avail_in == 0: throw InflationError.truncated
          default: throw InflationError.corrupt
          }
        }
      }
      return output
    }
  }

  private func windowBits(_ bytes: [UInt8]) -> Int32 {
    switch self {
    case .gzip: 15 + 16
    case .deflate:
      bytes.count > 1 && bytes[0] & 0x0F == 8 && (Int(bytes[0]) << 8 + Int(bytes[1])) % 31 == 0 ? 15 : -15
    }
  }
}
