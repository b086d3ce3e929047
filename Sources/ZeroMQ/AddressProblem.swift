internal import LibC

/// What is wrong with the text of an address.
public enum AddressProblem: Hashable, Sendable {
  case noTransport
  case transport(String)
  case name
  case host
  case noBrackets
  case noPort
  case port
  case tooLong
  case strangeCharacter
  /// `*`, `0.0.0.0` or `::`, which one can listen on but not dial.
  case wildcard
  /// Port 0, which one can listen on but not dial.
  case portZero
}

extension AddressProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noTransport: "has no transport, expected tcp://HOST:PORT"
    case .transport(let name): "the transport \(name) is not spoken here, expected tcp://HOST:PORT"
    case .name: "the name must have 1 to 255 bytes"
    case .host: "the host is neither a name nor an address, expected tcp://HOST:PORT"
    case .noBrackets: "an IPv6 address goes in brackets, as tcp://[::1]:7070"
    case .noPort: "has no port, expected tcp://HOST:PORT"
    case .port: "the port is not a number from 0 to 65535"
    case .tooLong: "is longer than \(Address.longest) bytes"
    case .strangeCharacter: "holds a space or another character that no address has"
    case .wildcard: "stands for every interface and cannot be dialled; give the other host's name or address"
    case .portZero: "port 0 stands for any free port and cannot be dialled; give the port that the other side reports"
    }
  }
}
