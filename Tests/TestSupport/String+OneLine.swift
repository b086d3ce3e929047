extension String {
  /// Whether nothing in it could break or disguise the line a person reads it on.
  public var isOneLine: Bool {
    !isEmpty
      && unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
      }
  }
}
