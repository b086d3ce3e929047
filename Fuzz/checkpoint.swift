/// Opens a checkpoint whose files are the input, cut at each byte 0xFF (which none of them needs) into `config.json`,
/// `model.safetensors.index.json` if that is not empty, and the weights: the single file, or `a` and `b` of the index.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  let pieces = input.split(separator: 0xFF, omittingEmptySubsequences: false).map(
    UnsafeRawBufferPointer.init(rebasing:))
  let isSharded = pieces.count > 1 && !pieces[1].isEmpty
  let weights = pieces.dropFirst(2).map(safetensorsFile)
  let names = isSharded ? ["a", "b"] : ["model.safetensors"]
  var files = Dictionary(uniqueKeysWithValues: zip(names, weights))
  files["config.json"] = Array(pieces[0])
  if isSharded { files["model.safetensors.index.json"] = Array(pieces[1]) }
  let memory = files.mapValues { bytes in
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(copy)
  }
  defer { for bytes in memory.values { bytes.deallocate() } }
  do {
    let checkpoint = try Checkpoint(CheckpointFolder(name: "f", contents: memory))
    for part in checkpoint.configuration.parts {
      for tensor in checkpoint.tensors(of: part) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.byteCount, alignment: 1)
        defer { buffer.deallocate() }
        try! tensor.read(elements: 0..<tensor.elementCount, into: buffer)
      }
    }
  } catch {
    precondition(!error.description.utf8.contains(0x0A), "a message of two lines")
  }
  return 0
}
