import LibC

/// What a worker is called when nobody says: its host, with a number where the user runs several there.
enum WorkerName {
  /// The host's name for the first worker, `HOST-2` for the second, and so on: the lowest number that no living worker has.
  ///
  /// Numbers stay small and are the same after every start, since blocks are dealt out in the order of names. A number is a
  /// lock on a byte of a file, which ends with the process. Where there is no such file, it is the host's name alone, and the
  /// coordinator tells workers of one name apart.
  static func claim(host: String = hostName, path: String = sharedPath) -> String {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    // Never closed: that would give the lock back.
    guard descriptor >= 0 else { return host }
    for number in 1...limit where lock(descriptor, byte: place(of: host) + number) {
      return number == 1 ? host : host.prefix(60) + "-\(number)"
    }
    return host
  }

  static let sharedPath = "/dev/shm/gpt2-cluster-names.\(getuid())"
  private static let limit = 255

  /// Each host's own bytes: containers and namespaces of one machine may share the file.
  private static func place(of host: String) -> Int {
    let hash = host.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return Int(hash % (1 << 40)) * (limit + 1)
  }

  private static func lock(_ descriptor: Int32, byte: Int) -> Bool {
    var lock = flock()
    (lock.l_type, lock.l_whence) = (Int16(F_WRLCK), Int16(SEEK_SET))
    (lock.l_start, lock.l_len) = (off_t(byte), 1)
    return fcntl(descriptor, F_SETLK, &lock) == 0
  }

  static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, 255) == 0 else { return "worker" }
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? "worker" : String(text.prefix(64))
  }
}
