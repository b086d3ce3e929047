import TestSupport
import Testing

@testable import Pipeline

@Suite("Links")
struct LinkTests {
  /// A data link whose receiver has room for `window` passes.
  private static func dataLink(window: Int) throws -> (OutgoingLink, IncomingLink) {
    var (out, incoming) = (OutgoingLink(), IncomingLink(from: .sender))
    out.begin(epoch: 1)
    try incoming.receive(out.header(), .open)
    let grant = incoming.grant(upTo: window)
    try out.receive(try #require(grant))
    return (out, incoming)
  }

  @Test("number messages from 0, whatever they are")
  func numbers() throws {
    var (out, incoming) = try Self.dataLink(window: 4)
    let pass = out.header(sequence: 9, attempt: 2)
    #expect(pass == Header(epoch: 1, number: 1, sequence: 9, attempt: 2))
    let next = out.header()
    #expect(next == Header(epoch: 1, number: 2))
    try incoming.receive(Header(epoch: 1, number: 1, sequence: 9), .pass)
    #expect(incoming.held == 1)
  }

  @Test("notice what was lost and what came twice, and stay where they were")
  func gaps() throws {
    var link = IncomingLink(from: .worker)
    try link.receive(Header(number: 0), .hello)
    for _ in 0..<2 {
      #expect(throws: LinkError.gap(expected: 1, found: 3)) { try link.receive(Header(number: 3), .heartbeat) }
      #expect(throws: LinkError.duplicate(number: 0, expected: 1)) { try link.receive(Header(number: 0), .hello) }
    }
    try link.receive(Header(number: 1), .heartbeat)
  }

  @Test("carry no pass without credit")
  func credit() throws {
    var (out, incoming) = try Self.dataLink(window: 2)
    for sequence in 0..<2 as Range<UInt64> {
      #expect(out.canSend)
      try incoming.receive(out.header(sequence: sequence), .pass)
    }
    #expect(!out.canSend)
    let early = incoming.grant(upTo: 2)
    #expect(early == nil)
    #expect(throws: LinkError.overCredit(sequence: 2)) {
      try incoming.receive(Header(epoch: 1, number: 3, sequence: 2), .pass)
    }
  }

  @Test("give credit back in quarters of the window", arguments: [(1, 1), (4, 1), (8, 2), (17, 4)])
  func batches(window: Int, batch: Int) throws {
    var (out, incoming) = try Self.dataLink(window: window)
    #expect(out.credit == window)
    var unreturned = 0
    for sequence in 0..<200 as Range<UInt64> {
      let header = out.header(sequence: sequence)
      try incoming.receive(header, .pass)
      incoming.consume(header)
      unreturned += 1
      let grant = incoming.grant(upTo: window)
      #expect(grant?.passes == (unreturned == batch ? batch : nil))
      if let grant {
        try out.receive(grant)
        unreturned = 0
      }
      #expect(out.credit + unreturned == window)
    }
  }

  /// A data link with everything that is on its way.
  private struct DataLink {
    enum Step: CaseIterable { case send, receive, consume, grant }

    var out: OutgoingLink
    var incoming: IncomingLink
    let window: Int
    var passes: [Header] = []
    var held: [Header] = []
    var grants: [Credit] = []
    var sent: UInt64 = 0
    var consumed = 0

    var possible: [Step] {
      Step.allCases.filter { step in
        switch step {
        case .send: out.canSend
        case .receive: !passes.isEmpty
        case .consume: !held.isEmpty
        case .grant: !grants.isEmpty
        }
      }
    }

    mutating func take(_ step: Step) throws {
      switch step {
      case .send:
        passes.append(out.header(sequence: sent))
        sent += 1
      case .receive:
        try incoming.receive(passes[0], .pass)
        held.append(passes.removeFirst())
      case .consume:
        incoming.consume(held.removeFirst())
        consumed += 1
        if let grant = incoming.grant(upTo: window) { grants.append(grant) }
      case .grant:
        try out.receive(grants.removeFirst())
      }
    }
  }

  @Test("never stand still and never hold more than the window, in whatever order both sides act", arguments: 0..<50)
  func anyOrder(seed: Int) throws {
    var source = SeededNumbers(seed)
    let window = Int.random(in: 1...20, using: &source)
    let (out, incoming) = try Self.dataLink(window: window)
    var link = DataLink(out: out, incoming: incoming, window: window)
    while link.consumed < 500 {
      let step = link.possible.randomElement(using: &source)
      try link.take(try #require(step))
      #expect(link.passes.count + link.held.count <= window)
      #expect(link.incoming.held == link.held.count)
    }
  }

  @Test("refuse more credit than any receiver has")
  func tooMuchCredit() throws {
    var out = OutgoingLink(epoch: 1)
    try out.receive(Credit(passes: 4000))
    #expect(throws: LinkError.tooMuchCredit(held: 4000, granted: 97, limit: 4096)) {
      try out.receive(Credit(passes: 97))
    }
    try out.receive(Credit(passes: 96))
    #expect(out.credit == 4096)
  }

  @Test("drop what is of another epoch, and go on")
  func epochs() throws {
    var (out, incoming) = try Self.dataLink(window: 3)
    let before = out.header(sequence: 0)
    let late = out.header(sequence: 1)
    try incoming.receive(before, .pass)
    incoming.begin(epoch: 2)
    #expect(throws: LinkError.staleEpoch(.pass, found: 1, expected: 2)) { try incoming.receive(late, .pass) }
    #expect(incoming.held == 0)
    incoming.consume(before)

    out.begin(epoch: 2)
    #expect(!out.canSend)
    try incoming.receive(out.header(), .open)
    let granted = incoming.grant(upTo: 3)
    #expect(granted == Credit(passes: 3))
    try out.receive(Credit(passes: 3))
    #expect(throws: LinkError.futureEpoch(.pass, found: 5, expected: 2)) {
      try incoming.receive(Header(epoch: 5, number: 4), .pass)
    }
    #expect(throws: LinkError.staleEpoch(.open, found: 1, expected: 2)) {
      try incoming.receive(Header(epoch: 1, number: 5), .open)
    }
    try incoming.receive(Header(epoch: 2, number: 6, sequence: 1), .pass)
    #expect(incoming.held == 1)
  }

  @Test("take a new epoch from whoever begins it, and an earlier one only from their owner")
  func beginning() throws {
    var link = IncomingLink(from: .coordinator)
    try link.receive(Header(number: 0), .welcome)
    try link.receive(Header(epoch: .max, number: 1), .assignment)
    #expect(link.epoch == .max)
    try link.receive(Header(number: 2), .pulse)
    link.begin(epoch: 3)
    try link.receive(Header(epoch: 3, number: 3), .piece)
  }

  @Test("opened again in the same epoch keep count of what they hold")
  func openedTwice() throws {
    var (out, incoming) = try Self.dataLink(window: 2)
    let header = out.header(sequence: 0)
    try incoming.receive(header, .pass)
    try incoming.receive(out.header(), .open)
    #expect(incoming.held == 1)
    let none = incoming.grant(upTo: 2)
    #expect(none == nil)
    incoming.consume(header)
    let one = incoming.grant(upTo: 2)
    #expect(one == Credit(passes: 1))
  }

  @Test("use number and credit again when a message could not be sent")
  func takeBack() throws {
    var (out, _) = try Self.dataLink(window: 1)
    let pass = out.header(sequence: 4)
    #expect(!out.canSend)
    out.takeBack(pass)
    #expect(out.canSend)
    let other = out.header()
    #expect(other.number == pass.number)
    out.takeBack(other)
    #expect(out.credit == 1)
    let again = out.header(sequence: 4)
    #expect(again == pass)
  }

  @Test("take from each end only what it sends", arguments: Message.Kind.allCases)
  func directions(kind: Message.Kind) throws {
    let senders: Set<LinkEnd> =
      switch kind {
      case .hello, .measurement, .wanted, .ready, .heartbeat, .failure: [.worker]
      case .welcome, .refusal, .assignment, .piece, .pulse: [.coordinator]
      case .goodbye: [.worker, .coordinator]
      case .open, .pass: [.sender]
      case .credit: [.receiver]
      case .beat: [.sender, .receiver]
      }
    for end in LinkEnd.allCases {
      var link = IncomingLink(from: end, epoch: 1)
      let header = Header(epoch: 1, number: 0)
      if !senders.contains(end) {
        #expect(throws: LinkError.unexpected(kind, from: end)) { try link.receive(header, kind) }
      } else if kind == .pass {
        #expect(throws: LinkError.overCredit(sequence: 0)) { try link.receive(header, kind) }
      } else {
        try link.receive(header, kind)
      }
    }
  }

  @Test("say in one line what is wrong")
  func descriptions() {
    let errors: [LinkError] = [
      .gap(expected: 7, found: 9), .duplicate(number: 7, expected: 9), .staleEpoch(.pass, found: 7, expected: 9),
      .futureEpoch(.pass, found: 9, expected: 7), .tooMuchCredit(held: 7, granted: 9, limit: 8),
    ]
    for error in errors {
      #expect(error.description.contains("7") && error.description.contains("9"))
      #expect(error.description.isPrintable)
    }
    #expect(LinkError.overCredit(sequence: 41).description.contains("41"))
    #expect(
      LinkError.unexpected(.credit, from: .worker).description
        == "sent credit, which a worker never sends; run the same gpt2 on every host")
  }

  @Test("trap when a pass is sent without credit, or consumed without being held")
  func misuse() async {
    await #expect(processExitsWith: .failure) {
      var out = OutgoingLink(epoch: 1)
      _ = out.header(sequence: 0)
    }
    await #expect(processExitsWith: .failure) {
      var incoming = IncomingLink(from: .sender, epoch: 1)
      incoming.consume(Header(epoch: 1, number: 0))
    }
  }
}
