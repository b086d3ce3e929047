import GPT2

/// When things happened to a request, from when the batch began.
struct Timing {
  var firstToken: Duration?
  var end: Duration?
}
