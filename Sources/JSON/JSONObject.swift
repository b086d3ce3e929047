/// The members of a JSON object in the order of the file; no key occurs twice.
public struct JSONObject: Sendable {
  public let members: [(key: String, value: JSONValue)]

  /// Makes an object of members whose keys are known to differ.
  public init(_ members: [(key: String, value: JSONValue)]) {
    self.members = members
  }

  /// The value of `key`, compared byte by byte; walks over the members.
  public subscript(key: String) -> JSONValue? {
    members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }
}
