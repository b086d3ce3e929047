import Foundation
import Testing

@testable import ZeroMQ

@Suite("A key file")
struct CurveKeyTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func file(_ content: String, mode: Int = 0o600) throws -> String {
    let file = folder.appending(path: UUID().uuidString)
    try Data(content.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    return file.path
  }

  @Test("is read back as the pair that was written, and only its owner may read it")
  func roundTrip() throws {
    let path = folder.appending(path: "key").path
    let pair = try CurveKeyPair.make()
    try pair.write(to: path)
    #expect(try CurveKeyPair(file: path) == pair)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == pair.secretKey.z85 + "\n")
    try FileManager.default.removeItem(at: folder)
  }

  /// From libzmq's own documentation of zmq_curve_public and the tests of RFC 26.
  @Test("holds the secret half, from which the public half follows")
  func publicHalf() throws {
    let path = try file("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\r\n")
    #expect(try CurveKeyPair(file: path).publicKey.z85 == "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID")
    try FileManager.default.removeItem(at: folder)
  }

  @Test("is never written over another file")
  func exists() throws {
    let path = try file("precious")
    let error = #expect(throws: CurveKeyError.self) { try CurveKeyPair.make().write(to: path) }
    #expect(error?.problem == .exists)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    try FileManager.default.removeItem(at: folder)
  }

  @Test("that nobody can write leaves nothing behind")
  func unwritable() throws {
    let error = #expect(throws: CurveKeyError.self) { try CurveKeyPair.make().write(to: "/nowhere/key") }
    #expect("\(error!)" == "/nowhere/key: cannot write it: No such file or directory")
    try FileManager.default.removeItem(at: folder)
  }

  @Test("that others may use is refused", arguments: [0o640, 0o604, 0o620, 0o777, 0o610])
  func readable(mode: Int) throws {
    let path = try file(try CurveKeyPair.make().secretKey.z85, mode: mode)
    #expect(throws: CurveKeyError(file: path, problem: .readableByOthers(mode: UInt32(mode)))) {
      try CurveKeyPair(file: path)
    }
    try FileManager.default.removeItem(at: folder)
  }

  @Test(
    "that holds no key is refused",
    arguments: malformedKeys)
  func malformed(content: String, problem: CurveKeyProblem) throws {
    let path = try file(content)
    #expect(throws: CurveKeyError(file: path, problem: problem)) { try CurveKeyPair(file: path) }
    try FileManager.default.removeItem(at: folder)
  }

  @Test("that is missing, or a folder, is refused")
  func notAFile() throws {
    let missing = folder.appending(path: "missing").path
    #expect(throws: CurveKeyError(file: missing, problem: .missing)) { try CurveKeyPair(file: missing) }
    #expect(throws: CurveKeyError(file: folder.path, problem: .notAFile)) { try CurveKeyPair(file: folder.path) }
    try FileManager.default.removeItem(at: folder)
  }

  @Test("may be handed over a pipe, and nothing behind its line is taken")
  func handedOver() throws {
    let pipe = Pipe()
    let pair = try CurveKeyPair.make()
    try pair.write(toDescriptor: pipe.fileHandleForWriting.fileDescriptor)
    try pipe.fileHandleForWriting.write(contentsOf: Data("more".utf8))
    try pipe.fileHandleForWriting.close()
    #expect(try CurveKeyPair(descriptor: pipe.fileHandleForReading.fileDescriptor) == pair)
    #expect(try pipe.fileHandleForReading.readToEnd() == Data("more".utf8))
    try FileManager.default.removeItem(at: folder)
  }

  @Test("has a public half in a file of its own, from which a list is made")
  func lists() throws {
    let (a, b) = (try CurveKeyPair.make(), try CurveKeyPair.make())
    let path = folder.appending(path: "a.key.pub").path
    try a.writePublicHalf(to: path, name: "attic")
    #expect(try CurveKey(publicKey: path) == a.publicKey)
    #expect(try CurveKey(publicKey: a.publicKey.z85) == a.publicKey)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let list = try file("# members\n\n" + text + b.publicKey.z85 + "\n", mode: 0o644)
    #expect(try AllowedKeys(file: list).names == [a.publicKey: "attic", b.publicKey: ""])
    // The secret half is nobody's public key.
    let secret = folder.appending(path: "b.key").path
    try b.write(to: secret)
    #expect(throws: CurveKeyError(file: secret, problem: .notPublic)) { try CurveKey(publicKey: secret) }
    #expect(throws: CurveKeyError(file: "/nowhere", problem: .missing)) { try CurveKey(publicKey: "/nowhere") }
    try FileManager.default.removeItem(at: folder)
  }

  @Test("of allowed keys is refused when others may change it, or when it holds something else")
  func badLists() throws {
    let key = try CurveKeyPair.make().publicKey.z85
    for (content, mode, problem) in [
      (key, 0o666, .writableByOthers(mode: 0o666)), (key, 0o620, .writableByOthers(mode: 0o620)),
      ("\(key)\nnonsense", 0o600, .line(2)), ("#\(key)", 0o600, .line(1)),
      (String(repeating: "0", count: 40), 0o600, .zero),
    ] as [(String, Int, CurveKeyProblem)] {
      let path = try file(content, mode: mode)
      #expect(throws: CurveKeyError(file: path, problem: problem)) { try AllowedKeys(file: path) }
    }
    #expect(try AllowedKeys(lines: "").keys.isEmpty)
    try FileManager.default.removeItem(at: folder)
  }

  @Test("and its pair show the secret in no description")
  func secrecy() throws {
    let pair = try CurveKeyPair.make()
    var dumped = ""
    dump(pair, to: &dumped)
    for text in ["\(pair)", String(reflecting: pair), dumped, "\(Security.server(pair))"] {
      #expect(!text.contains(pair.secretKey.z85) && !text.contains("\(pair.secretKey.bytes)"))
    }
    #expect(try CurveKeyPair.make() != pair)
  }
}

private let malformedKeys: [(content: String, problem: CurveKeyProblem)] = {
  let stem = String(repeating: "a", count: 39)
  return [
    ("", .length(0)), ("\n", .length(0)), ("abc", .length(3)), (stem, .length(39)), (stem + "aa", .length(41)),
    (String(repeating: "a", count: 1000), .length(1000)), (stem + "\"", .encoding), (stem + "\u{7F}", .encoding),
    (stem + " ", .encoding), (stem + "\0", .encoding), (String(repeating: "#", count: 40), .encoding),
    (String(repeating: "é", count: 20), .encoding),
  ]
}()
