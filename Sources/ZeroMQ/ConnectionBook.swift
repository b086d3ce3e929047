internal import Platform

/// The connections of a listening socket that matter to its owner, by numbers that are not used again.
public struct ConnectionBook {
  private var entries: [Int32: (number: ConnectionNumber, connection: Connection)] = [:]
  private var count: UInt64 = 0
  /// Whose descriptor was seen to be another's before their end was told.
  private var lost: [ConnectionNumber] = []
  /// Whose end was told while they still stood: libzmq tells it before it closes the descriptor.
  private var doubted: [Int32: (number: ConnectionNumber, since: Instant)] = [:]

  /// How long closing a descriptor may take after it was told.
  private static let patience = Duration.seconds(2)

  public init() {}

  /// The number of the connection that has this descriptor now.
  public mutating func number(of descriptor: Int32) -> ConnectionNumber {
    if let entry = entries[descriptor] {
      if entry.connection.stands { return entry.number }
      lost.append(entry.number)
    }
    count += 1
    entries[descriptor] = (ConnectionNumber(count), Connection(descriptor))
    return ConnectionNumber(count)
  }

  /// A connection with this descriptor has ended; the news may be of one before the one that has it now.
  public mutating func ended(_ descriptor: Int32) {
    guard let entry = entries[descriptor] else { return }
    if entry.connection.stands {
      doubted[descriptor] = (entry.number, .now)
      return
    }
    entries[descriptor] = nil
    lost.append(entry.number)
  }

  /// Those that have ended since it was asked last.
  public mutating func takeEnded() -> [ConnectionNumber] {
    if !doubted.isEmpty { lookAgain(now: .now) }
    defer { lost = [] }
    return lost
  }

  private mutating func lookAgain(now: Instant) {
    for (descriptor, doubt) in doubted {
      if let entry = entries[descriptor], entry.number == doubt.number, !entry.connection.stands {
        entries[descriptor] = nil
        lost.append(entry.number)
      } else if entries[descriptor]?.number == doubt.number, now - doubt.since < Self.patience {
        continue
      }
      doubted[descriptor] = nil
    }
  }

  public subscript(number: ConnectionNumber) -> Connection? {
    entries.values.first { $0.number == number }?.connection
  }
}
