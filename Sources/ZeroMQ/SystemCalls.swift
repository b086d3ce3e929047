internal import CZMQ

/// Makes a call of libzmq again as long as a signal interrupts it; returns what it returned and, if that is -1, the error.
func retryingOnInterrupt(_ call: () -> Int32) -> (result: Int32, code: Int32) {
  while true {
    let result = call()
    if result != -1 { return (result, 0) }
    let code = zmq_errno()
    if code != EINTR { return (result, code) }
  }
}
