internal import LibC

/// A host as libzmq wants it.
struct ResolvedHost {
  /// Without port; IPv6 in brackets.
  var text: String
  var isIPv6: Bool
}
