import Foundation
import Synchronization
import Testing

/// A relay of TCP connections on loopback, in front of a port, that can be made to fail as networks do.
final class FaultyRelay: Sendable {
  enum Fault: String, CaseIterable, Sendable {
    /// Both sides are told that the connection has ended.
    case reset
    /// Only the side that dialled is told; the other keeps its end, as behind a router that forgot the connection.
    case halfOpen
    /// Nothing comes through any more, and nobody is told: both ways, to who listens, or to who dialled.
    case swallowed, swallowedUp, swallowedDown
  }

  private struct State {
    var fault: Fault?
    var connections: [(near: Int32, far: Int32)] = []
    var isOver = false
  }

  /// Where others dial.
  let address: String
  /// Where the worker behind it is to listen.
  let target: String
  private let state = Mutex(State())
  private let listener: Int32

  init() throws {
    let port: UInt16
    (listener, port) = try Self.listen()
    address = "tcp://127.0.0.1:\(port)"
    let (reserved, behind) = try Self.listen()
    close(reserved)
    target = "tcp://127.0.0.1:\(behind)"
    Thread.detachNewThread { [self] in
      while true {
        let near = accept(listener, nil, nil)
        if near < 0 { return }
        // After a fault no new connection comes about: the network is what has failed.
        guard state.withLock({ $0.fault == nil }), let far = Self.dial(behind) else {
          close(near)
          continue
        }
        state.withLock { $0.connections.append((near, far)) }
        for (from, to, isUp) in [(near, far, true), (far, near, false)] {
          Thread.detachNewThread { [self] in pump(from, to, isUp: isUp) }
        }
      }
    }
  }

  deinit { end() }

  func end() {
    let old = state.withLock { state in
      defer { (state.connections, state.isOver) = ([], true) }
      return state.isOver ? [] : state.connections
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for pair in old { for descriptor in [pair.near, pair.far] { shutdown(descriptor, Int32(SHUT_RDWR)) } }
  }

  func fail(_ fault: Fault) {
    let connections = state.withLock { state in
      state.fault = fault
      return state.connections
    }
    func cut(_ descriptor: Int32) {
      var hard = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
      shutdown(descriptor, Int32(SHUT_RDWR))
    }
    for (near, far) in connections {
      if fault == .reset || fault == .halfOpen { cut(near) }
      if fault == .reset { cut(far) }
    }
  }

  private func pump(_ from: Int32, _ to: Int32, isUp: Bool) {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(from, &bytes, bytes.count, 0)
      let (fault, isOver) = state.withLock { ($0.fault, $0.isOver) }
      if isOver { return }
      switch fault {
      case .swallowed: continue
      case .swallowedUp where isUp: if count > 0 { continue }
      case .swallowedDown where !isUp: if count > 0 { continue }
      // The far side learns nothing.
      case .halfOpen: return
      default: break
      }
      guard count > 0, send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count else {
        shutdown(to, Int32(SHUT_RDWR))
        return
      }
    }
  }

  private static func listen() throws -> (Int32, UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // Below the range that the system gives to those who dial.
    for _ in 0..<100 {
      let port = UInt16.random(in: 10000..<32000)
      let code = withAddress(port) { bind(descriptor, $0, $1) }
      if code == 0, Glibc.listen(descriptor, 16) == 0 { return (descriptor, port) }
    }
    throw POSIXError(.EADDRINUSE)
  }

  private static func dial(_ port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if withAddress(port, { connect(descriptor, $0, $1) }) == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
