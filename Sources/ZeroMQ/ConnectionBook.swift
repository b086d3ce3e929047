/// The connections of a listening socket that matter to its owner, by numbers that are not used again.
public struct ConnectionBook {
  private var entries: [Int32: (number: ConnectionNumber, connection: Connection)] = [:]
  private var count: UInt64 = 0
  /// Whose descriptor was seen to be another's before their end was told.
  private var lost: [ConnectionNumber] = []

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
    guard let entry = entries[descriptor], !entry.connection.stands else { return }
    entries[descriptor] = nil
    lost.append(entry.number)
  }

  /// Those that have ended since it was asked last.
  public mutating func takeEnded() -> [ConnectionNumber] {
    defer { lost = [] }
    return lost
  }

  public subscript(number: ConnectionNumber) -> Connection? {
    entries.values.first { $0.number == number }?.connection
  }
}
