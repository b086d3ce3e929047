internal import Dispatch
internal import Synchronization

/// Looks names of hosts up beside the thread that asks, which gets its answer when it asks again.
public final class NameCache: Sendable {
  public enum Answer: Hashable, Sendable {
    /// It is being looked up; ask again.
    case pending
    /// The numeric address, IPv4 if the host has one.
    case found(String)
    /// There is no such host; why, for a person.
    case unknown(String)
  }

  private let answers = Mutex<[String: Answer]>([:])

  /// Names that are kept, and those that are looked up at once: a resolver may take half a minute for each.
  private static let (limit, width) = (1024, 4)

  public init() {}

  /// The numeric address of the host `name`; never blocks.
  ///
  /// - Parameter known: called on another thread when the answer is there.
  public func address(of name: String, known: @escaping @Sendable () -> Void) -> Answer {
    let (answer, isNew) = answers.withLock { answers -> (Answer, Bool) in
      if let answer = answers[name] {
        // Who is not known now may be in a moment.
        if case .unknown = answer { answers[name] = nil }
        return (answer, false)
      }
      guard answers.values.count(where: { $0 == .pending }) < Self.width else { return (.pending, false) }
      if answers.count >= Self.limit { answers = answers.filter { $0.value == .pending } }
      answers[name] = .pending
      return (.pending, true)
    }
    if isNew {
      DispatchQueue.global().async { [self] in
        let found: Answer
        do throws(ZeroMQError) {
          let host = try Address.resolve(name)
          found = .found(host.isIPv6 ? String(host.text.dropFirst().dropLast()) : host.text)
        } catch { found = .unknown("\(error)") }
        answers.withLock { $0[name] = found }
        known()
      }
    }
    return answer
  }
}
