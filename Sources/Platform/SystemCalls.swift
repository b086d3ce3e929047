internal import LibC

/// The system's own words for an `errno`.
public func systemMessage(_ code: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  guard strerror_r(code, &buffer, buffer.count) == 0 else { return "unknown error" }
  return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Makes a system call again as long as a signal interrupts it; returns what it returned and, if that is -1, `errno`.
public func retryingOnInterrupt<Result: SignedInteger>(_ call: () -> Result) -> (result: Result, code: Int32) {
  while true {
    let result = call()
    if result != -1 { return (result, 0) }
    let code = errno
    if code != EINTR { return (result, code) }
  }
}
