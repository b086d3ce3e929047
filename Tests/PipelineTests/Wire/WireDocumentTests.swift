import Testing

@testable import Pipeline

@Suite("docs/WIRE.md")
struct WireDocumentTests {
  @Test("spells out every kind of message once")
  func kinds() throws {
    #expect(Message.examples.map(\.message.kind) == Message.Kind.allCases)
    #expect(try Set(WireDocument().examples.keys) == Set(Message.Kind.allCases.map { "\($0)" }))
  }

  @Test("has the bytes that are sent", arguments: Message.Kind.allCases)
  func encoding(kind: Message.Kind) throws {
    let example = try #require(Message.examples.first { $0.message.kind == kind })
    #expect(try example.message.encode(header: example.header) == WireDocument().example(kind).bytes)
  }

  @Test("has the bytes that are understood", arguments: Message.Kind.allCases)
  func decoding(kind: Message.Kind) throws {
    let example = try #require(Message.examples.first { $0.message.kind == kind })
    let (header, message) = try Message.decode(WireDocument().example(kind).bytes)
    #expect(header == example.header)
    #expect(message == example.message)
  }

  /// Puts a bound and what lies beyond it into the example of each field that the tables give bounds for.
  @Test("has the bounds that are kept", arguments: Message.Kind.allCases)
  func bounds(kind: Message.Kind) throws {
    let document = try WireDocument()
    let example = try document.example(kind)
    var unseen = document.bounds["\(kind)", default: [:]]
    for field in example.fields {
      guard let bounds = unseen[field.name], field.bytes.count <= 8 else { continue }
      unseen[field.name] = nil
      let bits = 8 * field.bytes.count
      for (value, isWithin) in [
        (bounds.lowerBound - 1, false), (bounds.lowerBound, true), (bounds.upperBound, true),
        (bounds.upperBound + 1, false), (1 << (bits - 1), false),
      ] {
        var frame = example.bytes
        for (index, place) in field.bytes.enumerated() {
          frame[place] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
        let refusedField: String? =
          switch Result(catching: { () throws(WireError) in try Message.decode(frame) }) {
          case .failure(.field(let name, _, _)): name
          default: nil
          }
        #expect((refusedField == "\(kind).\(field.errorName)") == !isWithin, "\(field.name) = \(value)")
      }
    }
    #expect(unseen.isEmpty, "the example has no such fields")
  }

  @Test("says the header's length and the version")
  func header() throws {
    let fields = try WireDocument().example(.pass).fields
    #expect(fields.prefix { $0.name != "width" }.last?.bytes.upperBound == Header.byteCount)
    #expect(Header.version == 4)
  }
}
