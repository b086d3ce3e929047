/// Whatever the file is, reading its header ends; and tensors that are read tile the rest of the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  safetensorsFile(UnsafeRawBufferPointer(start: start, count: count)).withUnsafeBytes { file in
    let source = ByteSource(name: "f", memory: file)
    do throws(CheckpointError) {
      let entries = try SafetensorsHeader(source).entries
      for (entry, next) in zip(entries, entries.dropFirst()) {
        precondition(entry.bytes.upperBound == next.bytes.lowerBound, "a hole or an overlap")
      }
      for entry in entries {
        let bitCount = entry.shape.reduce(entry.type.bitCount, *)
        precondition(bitCount == 8 * entry.bytes.count, "a size that is not the shape's")
        _ = try! source.read(entry.bytes)
      }
      if let last = entries.last { precondition(last.bytes.upperBound == file.count, "bytes of no tensor") }
    } catch {
      precondition(!error.description.utf8.contains(0x0A), "a message of two lines")
    }
  }
  return 0
}
