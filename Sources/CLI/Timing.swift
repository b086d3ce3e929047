import GPT2
import Platform

/// When things happened to a request, from when the batch began.
struct Timing {
  var firstToken: Duration?
  var end: Duration?
}
