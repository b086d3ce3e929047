/// `2.60`: a number with so many digits behind the point, so that columns of them line up.
///
/// - Parameter digits: at least 1; below 10.
package func fixed(_ value: Double, digits: Int) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = (value * scale).rounded()
  guard scaled.isFinite, abs(scaled) < 1e15 else { return "\(value)" }
  let number = "\(Int(abs(scaled)))"
  let padded = String(repeating: "0", count: max(0, digits + 1 - number.count)) + number
  return (scaled < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
}
