internal import MicroBatching

/// Whatever a frame is, reading it ends; and a message that is read is written as the bytes it came from.
///
/// An input that begins with a zero byte is a message's body behind a header that fits it: its next byte says the kind.
/// Without this form nearly every change to a body's length would only make the header's wrong.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let frame = wireFrame(Array(UnsafeBufferPointer(start: start, count: count)))
  do throws(WireError) {
    let (header, message) = try Message.decode(frame)
    let bytes = message.encode(header: header)
    precondition(bytes == frame, "other bytes after reading and writing")
    precondition(try! Message.decode(bytes) == (header, message), "another message after writing and reading")
    if case .pass(let pass) = message {
      precondition(pass.payloadByteCount(into: 1) >= 0 && pass.microBatch.segments.allSatisfy { !$0.positions.isEmpty })
    }
  } catch {
    precondition(!error.description.utf8.contains(0x0A), "a message of two lines")
  }
  return 0
}

/// The frame that an input stands for.
private func wireFrame(_ input: [UInt8]) -> [UInt8] {
  guard input.count >= 2, input[0] == 0 else { return input }
  let kinds = Message.Kind.allCases
  var frame = WireWriter()
  Header(number: 0).write(to: &frame, kind: kinds[Int(input[1]) % kinds.count], bodyByteCount: input.count - 2)
  return frame.bytes + input.dropFirst(2)
}
