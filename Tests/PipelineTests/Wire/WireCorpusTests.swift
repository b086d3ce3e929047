import FoundationEssentials
import Testing

@testable import Pipeline

/// Replays what fuzzing has found worth keeping (see Fuzz/run): each frame is read or refused, and none traps.
@Suite("Fuzz corpus of the wire")
struct WireCorpusTests {
  /// The form that Fuzz/wire.swift describes.
  private static func frame(_ input: [UInt8]) -> [UInt8] {
    guard input.count >= 2, input[0] == 0 else { return input }
    let kinds = Message.Kind.allCases
    var frame = WireWriter()
    Header(number: 0).write(to: &frame, kind: kinds[Int(input[1]) % kinds.count], bodyByteCount: input.count - 2)
    return frame.bytes + input.dropFirst(2)
  }

  @Test("is read and written as the same bytes, or refused in one line")
  func replay() throws {
    let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let folder = root.appending(path: "Fuzz/corpus/wire")
    var readable: Set<Message.Kind> = []
    var refused = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let frame = Self.frame(Array(try Data(contentsOf: folder.appending(path: name))))
      do throws(WireError) {
        let (header, message) = try Message.decode(frame)
        #expect(message.encode(header: header) == frame, "\(name)")
        readable.insert(message.kind)
      } catch {
        refused += 1
        #expect(error.description.isPrintable, "\(name)")
      }
    }
    #expect(readable == Set(Message.Kind.allCases))
    #expect(refused > 0)
  }
}
