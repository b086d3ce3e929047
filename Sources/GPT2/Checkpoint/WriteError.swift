internal import FoundationEssentials
internal import LibC

/// A file could not be written; made from the system's last error unless a reason is given.
public struct WriteError: Error, Hashable, Sendable, CustomStringConvertible {
  public let path: String
  public let reason: String

  init(path: String, reason: String? = nil) {
    self.path = path
    self.reason = reason ?? String(cString: strerror(errno))
  }

  public var description: String {
    "\(path): cannot write: \(reason); check the folder, its permissions and free space"
  }
}
