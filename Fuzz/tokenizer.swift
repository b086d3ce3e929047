/// Opens a tokenizer whose files are the input, cut at its first two bytes 0xFF into `vocab.json` and `merges.txt`, or
/// `tokenizer.json` if the second is empty, and encodes the rest as text. In the JSON, 0x01 stands for the entries of
/// all single bytes, without which no tokenizer is complete.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  let pieces = input.split(separator: 0xFF, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
  let json = Array(pieces[0].split(separator: 0x01, omittingEmptySubsequences: false).joined(separator: singleBytes))
  let merges = pieces.count > 1 ? pieces[1] : []
  let text = pieces.count > 2 ? pieces[2] : []
  // A mark that is repeated makes the text long, and many of them add nothing.
  guard json.count < 20_000 else { return 0 }
  json.withUnsafeBytes { json in
    merges.withUnsafeBytes { merges in
      let files = merges.isEmpty ? ["tokenizer.json": json] : ["vocab.json": json, "merges.txt": merges]
      do throws(TokenizerError) {
        check(try Tokenizer(CheckpointFolder(name: "f", contents: files)), text)
      } catch {
        precondition(!error.description.utf8.contains(0x0A), "a message of two lines")
      }
    }
  }
  return 0
}

/// What was encoded is decoded to the same bytes, all at once and token by token.
private func check(_ tokenizer: Tokenizer, _ text: [UInt8]) {
  for allowSpecial in [false, true] {
    let tokens = tokenizer.encode(text, allowSpecial: allowSpecial)
    precondition(tokens.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) }, "a token that there is not")
    precondition(try! tokenizer.decode(tokens) == text, "another text after encoding and decoding")
    var decoder = StreamingDecoder(tokenizer)
    var pieces = ""
    for token in tokens { pieces += try! decoder.append(token) }
    pieces += decoder.finish()
    precondition(pieces.utf8.elementsEqual(String(decoding: text, as: UTF8.self).utf8), "another text in pieces")
  }
}

/// `"Ā":0,"ā":1,…`: GPT-2's character for each byte, with the byte as its token.
private let singleBytes: [UInt8] = {
  let entries = (UInt8.min...UInt8.max).map { byte in
    "\(JSONValue.string(ByteAlphabet.spelling(of: [byte]))):\(byte)"
  }
  return Array(entries.joined(separator: ",").utf8)
}()
