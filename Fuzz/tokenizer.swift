internal import JSON

/// Opens a tokenizer whose files are the input, cut at its first two bytes 0xFF into `vocab.json` and `merges.txt`, or
/// `tokenizer.json` if the second is empty, and encodes the rest as text. In the JSON, 0x01 stands for the entries of
/// all single bytes. What follows a further 0xFF is `tokenizer_config.json`, and after one more special_tokens_map.json
/// and added_tokens.json both.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  let pieces = input.split(separator: 0xFF, maxSplits: 4, omittingEmptySubsequences: false).map(Array.init)
  let json = Array(pieces[0].split(separator: 0x01, omittingEmptySubsequences: false).joined(separator: singleBytes))
  let merges = pieces.count > 1 ? pieces[1] : []
  let text = pieces.count > 2 ? pieces[2] : []
  // A mark that is repeated makes the text long, and many of them add nothing.
  guard json.count < 20_000 else { return 0 }
  var files = merges.isEmpty ? ["tokenizer.json": json] : ["vocab.json": json, "merges.txt": merges]
  if pieces.count > 3 { files["tokenizer_config.json"] = pieces[3] }
  if pieces.count > 4 { (files["special_tokens_map.json"], files["added_tokens.json"]) = (pieces[4], pieces[4]) }
  open(files) { folder in
    do throws(TokenizerError) {
      check(try Tokenizer(folder), text)
    } catch {
      precondition(!error.description.utf8.contains(0x0A), "a message of two lines")
    }
  }
  return 0
}

/// Calls `body` with a folder of `files`, which stays where it is meanwhile.
private func open(_ files: [String: [UInt8]], _ body: (CheckpointFolder) -> Void) {
  var contents: [String: UnsafeRawBufferPointer] = [:]
  for (name, bytes) in files {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
    copy.copyBytes(from: bytes)
    contents[name] = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[..<bytes.count])
  }
  defer { for bytes in contents.values { bytes.deallocate() } }
  body(CheckpointFolder(name: "f", contents: contents))
}

/// Tokens are tokens, and decode at once to what they decode to one by one: to the text, where the tokenizer says so.
private func check(_ tokenizer: Tokenizer, _ text: [UInt8]) {
  for allowSpecial in [false, true] {
    let tokens = tokenizer.encode(text, allowSpecial: allowSpecial, addSpecial: false)
    precondition(tokens.allSatisfy { tokenizer.bytes(of: $0) != nil }, "a token that there is not")
    let decoded = try! tokenizer.decode(tokens)
    if tokenizer.settings.isLossless {
      precondition(decoded == text, "another text after encoding and decoding")
    }
    _ = try! tokenizer.decode(tokenizer.encode(text))
    var decoder = StreamingDecoder(tokenizer)
    var pieces = ""
    for token in tokens { pieces += decoder.append(token) }
    pieces += decoder.finish()
    precondition(pieces.utf8.elementsEqual(String(decoding: decoded, as: UTF8.self).utf8), "another text in pieces")
  }
}

/// `"Ā":0,"ā":1,…`: GPT-2's character for each byte, with the byte as its token.
private let singleBytes: [UInt8] = {
  let entries = (UInt8.min...UInt8.max).map { byte in
    "\(JSONValue.string(ByteAlphabet.spelling(of: [byte]))):\(byte)"
  }
  return Array(entries.joined(separator: ",").utf8)
}()
