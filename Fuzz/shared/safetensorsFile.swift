/// The bytes of a safetensors file: the input as it is, or, when it begins with a brace, the header's text up to the
/// first line feed with its right length before it, and the tensors' bytes behind that.
///
/// Without the second form nearly every change to a header would only make its length wrong.
func safetensorsFile(_ input: UnsafeRawBufferPointer) -> [UInt8] {
  guard input.first == UInt8(ascii: "{") else { return Array(input) }
  let header = input.prefix { $0 != 0x0A }
  return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
    + input[header.count...].dropFirst()
}
