import TestSupport
import Testing

@testable import Pipeline

@Suite("Links")
struct LinkTests {
  private static let epoch = Epoch(coordinator: 7, plan: 1)

  /// A data link whose receiver has room for `window` passes.
  private static func dataLink(window: Int) throws -> (OutgoingLink, IncomingLink) {
    var (out, incoming) = (OutgoingLink(epoch: epoch), IncomingLink(from: .sender, epoch: epoch))
    try incoming.receive(out.header(), .open)
    let grant = incoming.grant(upTo: window)
    try out.receive(try #require(grant))
    return (out, incoming)
  }

  @Test("number messages from 0, whatever they are")
  func numbers() throws {
    var (out, incoming) = try Self.dataLink(window: 4)
    let pass = out.header(sequence: 9)
    #expect(pass == Header(epoch: Self.epoch, number: 1, sequence: 9))
    let next = out.header()
    #expect(next == Header(epoch: Self.epoch, number: 2))
    try incoming.receive(pass, .pass)
    try incoming.receive(next, .beat)
  }

  @Test("notice what was lost and what came twice, and stay where they were")
  func gaps() throws {
    var link = IncomingLink(from: .sender, epoch: Self.epoch)
    func header(_ number: UInt64) -> Header { Header(epoch: Self.epoch, number: number) }
    try link.receive(header(0), .open)
    for _ in 0..<2 {
      #expect(throws: LinkError.gap(expected: 1, found: 3)) { try link.receive(header(3), .beat) }
      #expect(throws: LinkError.duplicate(number: 0, expected: 1)) { try link.receive(header(0), .open) }
    }
    try link.receive(header(1), .beat)
  }

  @Test("carry no pass without credit")
  func credit() throws {
    var (out, incoming) = try Self.dataLink(window: 2)
    for sequence in 0..<2 as Range<UInt64> {
      #expect(out.canSend)
      try incoming.receive(out.header(sequence: sequence), .pass)
    }
    #expect(!out.canSend)
    #expect(throws: LinkError.overCredit(sequence: 2)) {
      try incoming.receive(Header(epoch: Self.epoch, number: 3, sequence: 2), .pass)
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
    enum Step: CaseIterable { case send, receive, grant }

    var out: OutgoingLink
    var incoming: IncomingLink
    let window: Int
    var passes: [Header] = []
    var grants: [Credit] = []
    var sent: UInt64 = 0
    var received = 0

    var possible: [Step] {
      Step.allCases.filter { step in
        switch step {
        case .send: out.canSend
        case .receive: !passes.isEmpty
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
        try incoming.receive(passes.removeFirst(), .pass)
        received += 1
        if let grant = incoming.grant(upTo: window) { grants.append(grant) }
      case .grant:
        try out.receive(grants.removeFirst())
      }
    }
  }

  @Test(
    "never stand still and never have more under way than the window, in whatever order both sides act",
    arguments: 0..<50)
  func anyOrder(seed: Int) throws {
    var source = SeededNumbers(seed)
    let window = Int.random(in: 1...20, using: &source)
    let (out, incoming) = try Self.dataLink(window: window)
    var link = DataLink(out: out, incoming: incoming, window: window)
    while link.received < 500 {
      let step = link.possible.randomElement(using: &source)
      try link.take(try #require(step))
      #expect(link.passes.count <= window)
    }
  }

  @Test("refuse more credit than any receiver has")
  func tooMuchCredit() throws {
    var out = OutgoingLink(epoch: Self.epoch)
    try out.receive(Credit(passes: 4000))
    #expect(throws: LinkError.tooMuchCredit(held: 4000, granted: 97, limit: 4096)) {
      try out.receive(Credit(passes: 97))
    }
    try out.receive(Credit(passes: 96))
    #expect(out.credit == 4096)
  }

  @Test("end with what is of another plan, or of another coordinator")
  func epochs() throws {
    for other in [Self.epoch.next, Epoch(coordinator: 8, plan: 1), .none] {
      var (_, incoming) = try Self.dataLink(window: 3)
      #expect(throws: LinkError.otherEpoch(.pass, found: other, expected: Self.epoch)) {
        try incoming.receive(Header(epoch: other, number: 1), .pass)
      }
    }
    #expect(Self.epoch.isBefore(Self.epoch.next) && !Self.epoch.next.isBefore(Self.epoch))
    #expect(!Self.epoch.isBefore(Epoch(coordinator: 8, plan: 9)))
  }

  @Test("take from each end only what it sends", arguments: Message.Kind.allCases)
  func directions(kind: Message.Kind) throws {
    let senders: Set<LinkEnd> =
      switch kind {
      case .open, .pass: [.sender]
      case .credit: [.receiver]
      case .beat: [.sender, .receiver]
      default: []
      }
    for end in [LinkEnd.sender, .receiver] {
      var link = IncomingLink(from: end, epoch: Self.epoch)
      let header = Header(epoch: Self.epoch, number: 0)
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
      .gap(expected: 7, found: 9), .duplicate(number: 7, expected: 9),
      .otherEpoch(.pass, found: Epoch(coordinator: 1, plan: 7), expected: Epoch(coordinator: 1, plan: 9)),
      .tooMuchCredit(held: 7, granted: 9, limit: 8),
    ]
    for error in errors {
      #expect(error.description.contains("7") && error.description.contains("9"))
      #expect(error.description.isPrintable)
    }
    #expect(LinkError.overCredit(sequence: 41).description.contains("41"))
    #expect(
      LinkError.unexpected(.credit, from: .sender).description
        == "sent credit, which a sender of activations never sends; run the same gpt2 on every host")
  }

  @Test("trap when a pass is sent without credit")
  func misuse() async {
    await #expect(processExitsWith: .failure) {
      var out = OutgoingLink(epoch: Epoch(coordinator: 1, plan: 1))
      _ = out.header(sequence: 0)
    }
  }
}
