import LibC
import Wording

/// Text from a file or from standard input.
enum TextInput {
  case file(String)
  case standardInput

  /// The most that is read, in bytes.
  static let limit = 64 << 20

  /// A command's argument: `-` or nothing is standard input.
  init(_ argument: String?) {
    self = argument.flatMap { $0 == "-" ? nil : .file($0) } ?? .standardInput
  }

  var name: String {
    switch self {
    case .file(let path): path
    case .standardInput: "standard input"
    }
  }

  /// - Throws: ``InputError`` when it cannot be read, is too long or is not UTF-8.
  func text() throws(InputError) -> String {
    let bytes = try bytes()
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .notUTF8(name, offset: Self.firstFault(in: bytes))
    }
    return text
  }

  func bytes() throws(InputError) -> [UInt8] {
    switch self {
    case .standardInput:
      if isatty(STDIN_FILENO) == 1 {
        Terminal.note("reading the text from the keyboard; end it with Ctrl-D")
      } else {
        Self.wait(for: STDIN_FILENO, name)
      }
      return try Self.read(STDIN_FILENO, name)
    case .file(let path):
      // O_NONBLOCK, or opening a pipe would wait for its writer without a word.
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw .unreadable(path, String(cString: strerror(errno))) }
      defer { close(descriptor) }
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
      Self.wait(for: descriptor, name)
      return try Self.read(descriptor, name)
    }
  }

  /// Waits until there is something to read, or its end; says so when that takes a second.
  private static func wait(for descriptor: Int32, _ name: String) {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&entry, 1, 1000) == 0 {
      Terminal.note("\(name): nothing has come yet; waiting until something is written there")
      while poll(&entry, 1, -1) == -1, errno == EINTR {}
    }
  }

  private static func read(_ descriptor: Int32, _ name: String) throws(InputError) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, &piece, piece.count)
      #elseif canImport(Musl)
        let count = Musl.read(descriptor, &piece, piece.count)
      #else
        let count = Darwin.read(descriptor, &piece, piece.count)
      #endif
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw .unreadable(name, String(cString: strerror(errno)))
      }
      bytes.append(contentsOf: piece[..<count])
      guard bytes.count <= limit else { throw .tooLong(name, limit: limit) }
    }
  }

  /// Offset of the first byte that is not part of a well-formed character.
  private static func firstFault(in bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var rest = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&rest) { offset += UTF8.width(scalar) }
    return offset
  }
}
