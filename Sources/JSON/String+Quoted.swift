extension String {
  /// The string in quotes on one line, for messages: whatever could break or disguise the line is escaped, and a long
  /// string is cut after 100 characters' worth of scalars.
  public var quoted: String { "\"\(oneLine(limit: 100))\"" }

  /// The string without anything that could break or disguise a line of a message, cut after `limit` scalars.
  public func oneLine(limit: Int) -> String {
    var line = ""
    var count = 0
    for scalar in unicodeScalars {
      guard count < limit else { return line + "…" }
      count += 1
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate:
        line += "\\u{\(String(scalar.value, radix: 16))}"
      default:
        line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}
