import Dispatch
import LibC
import Platform
import ZeroMQ

extension DescriptorLimit {
  /// More is of no use, and starting a process takes time for each.
  static let enough = 65536
  /// What is said when workers cannot dial in for want of them.
  static let exhausted =
    "no descriptors are left for those who dial in, and they are turned away; end what connects without need, or raise the limit (ulimit -n)"

  /// Sees that `count` more can be opened: Dispatch and NIO end the process when there is none for them. What Dispatch needs
  /// later is opened now.
  ///
  /// - Throws: ``Shortage``.
  static func reserve(_ count: Int) throws(Shortage) {
    var opened: [Int32] = []
    while opened.count < count {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { break }
      opened.append(descriptor)
    }
    for descriptor in opened { close(descriptor) }
    guard opened.count == count else { throw Shortage(found: opened.count, expected: count) }
    let group = DispatchGroup()
    group.enter()
    DispatchQueue.global().asyncAfter(deadline: .now()) { group.leave() }
    group.enter()
    DispatchQueue.global().asyncAfter(wallDeadline: .now()) { group.leave() }
    group.wait()
  }

  /// From now on, says once when nothing more can be opened.
  static func watch() throws {
    _ = try JoinableThread(stackSize: 256 << 10) {
      while true {
        poll(nil, 0, 1000)
        let descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
        if descriptor >= 0 {
          close(descriptor)
        } else if errno == EMFILE || errno == ENFILE {
          Terminal.warn("no more files and connections can be opened: new ones wait; raise the limit (ulimit -n)")
        }
      }
    }
  }

  /// Too little can be opened for the program to run.
  struct Shortage: Error, Hashable, CustomStringConvertible {
    let found: Int
    let expected: Int

    var description: String {
      "only \(found) more files and connections can be opened, expected at least \(expected); raise the limit"
        + " (ulimit -n 1024, or LimitNOFILE= of a systemd unit)"
    }
  }
}
