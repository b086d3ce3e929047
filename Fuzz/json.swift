internal import JSON

/// Whatever the bytes are, reading them ends; and what is read is written and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    let value = try JSONValue(parsing: bytes)
    let text = value.description
    let again = try! JSONValue(parsing: Array(text.utf8)).description
    precondition(again.utf8.elementsEqual(text.utf8), "another value after writing and reading")
    check(value, depth: 0)
  } catch {
    precondition(error.offset >= 0 && error.offset <= count, "an error outside the text")
    precondition(!error.description.utf8.contains(0x0A), "a message of two lines")
  }
  return 0
}

private func check(_ value: JSONValue, depth: Int) {
  precondition(depth <= 64)
  switch value {
  case .array(let values): for value in values { check(value, depth: depth + 1) }
  case .object(let object):
    precondition(Set(object.members.map { ExactString($0.key) }).count == object.members.count, "a key twice")
    for member in object.members { check(member.value, depth: depth + 1) }
  case .number(let number): precondition(number.isFinite)
  default: break
  }
}
