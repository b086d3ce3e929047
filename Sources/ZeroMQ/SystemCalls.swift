internal import CZMQ
internal import LibC

/// Makes a call of libzmq again as long as a signal interrupts it; returns what it returned and, if that is -1, the error.
func retryingLibzmq(_ call: () -> Int32) -> (result: Int32, code: Int32) {
  while true {
    let result = call()
    if result != -1 { return (result, 0) }
    let code = zmq_errno()
    if code != EINTR { return (result, code) }
  }
}

/// Throws unless `count` descriptors can be opened: where it needs one, libzmq ends the process when there is none.
func requireDescriptors(_ count: Int, for call: String) throws(ZeroMQError) {
  var opened: [Int32] = []
  defer { for descriptor in opened { close(descriptor) } }
  while opened.count < count {
    let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ZeroMQError(call: call, code: errno) }
    opened.append(descriptor)
  }
}
