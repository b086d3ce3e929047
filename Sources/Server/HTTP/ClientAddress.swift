internal import LibC
internal import NIOCore

/// Whose connection it is: an IPv4 address, or the 64 bits of an IPv6 address that one client has to itself.
enum ClientAddress: Hashable, Sendable {
  case ip4(UInt32)
  case ip6(network: UInt64)
  /// Neighbours of one link, who share their network.
  case link(UInt64)
  case other

  init(_ address: SocketAddress?) {
    switch address {
    case .v4: self = .ip4(address!.bits(at: 4))
    case .v6:
      let (high, low): (UInt64, UInt64) = (address!.bits(at: 8), address!.bits(at: 16))
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
  /// Bits of the address as the system lays it out, alike everywhere: IPv4's four bytes are at 4, IPv6's sixteen at 8.
  fileprivate func bits<Bits: FixedWidthInteger>(at offset: Int) -> Bits {
    withSockAddr { pointer, size in
      precondition(offset + MemoryLayout<Bits>.size <= size)
      return Bits(bigEndian: UnsafeRawPointer(pointer).loadUnaligned(fromByteOffset: offset, as: Bits.self))
    }
  }

  /// Whether only this machine can reach it.
  var isLoopback: Bool {
    if case .ip4(let bits) = ClientAddress(self) { return bits >> 24 == 127 }
    return ipAddress == "::1"
  }
}
