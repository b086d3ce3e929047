internal import NIOCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Whose connection it is: an IPv4 address, or the 64 bits of an IPv6 address that one client has to itself.
enum ClientAddress: Hashable, Sendable {
  case ip4(UInt32)
  case ip6(network: UInt64)
  /// Neighbours of one link, who share their network.
  case link(UInt64)
  case other

  init(_ address: SocketAddress?) {
    switch address {
    case .v4(let address): self = .ip4(UInt32(bigEndian: address.address.sin_addr.s_addr))
    case .v6(let address):
      let (high, low) = withUnsafeBytes(of: address.address.sin6_addr) { bytes in
        (
          UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
          UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
      }
      // ::ffff:a.b.c.d is how a listener of both kinds shows IPv4.
      if high == 0, low >> 32 == 0xFFFF {
        self = .ip4(UInt32(truncatingIfNeeded: low))
      } else {
        self = high >> 54 == 0xFE80 >> 6 ? .link(low) : .ip6(network: high)
      }
    default: self = .other
    }
  }

  /// An IPv4 address as it is written.
  var mapped: String? {
    guard case .ip4(let bits) = self else { return nil }
    return [24, 16, 8, 0].map { "\(bits >> $0 & 255)" }.joined(separator: ".")
  }
}

extension SocketAddress {
  /// Whether only this machine can reach it.
  var isLoopback: Bool {
    if case .ip4(let bits) = ClientAddress(self) { return bits >> 24 == 127 }
    return ipAddress == "::1"
  }
}
