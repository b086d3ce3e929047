internal import FoundationEssentials
internal import LibC
internal import Synchronization

/// A program that runs as a child of this process, and a pipe to its standard input.
///
/// Foundation's `Process` would do, but brings 50 MB into the program.
final class ChildProcess: Sendable {
  enum End: Sendable {
    case exit(status: Int32)
    case signal(Int32)
  }

  let identifier: pid_t
  /// The end of the pipe that is written to, until it is closed.
  private let input: Mutex<Int32?>
  private let isReaped = Mutex(false)

  /// Starts it: in a process group of its own, so that Ctrl-C ends this process alone, with no signal blocked or ignored, and
  /// with no descriptor of this process but the pipe.
  ///
  /// - Parameter started: writes what it is to read; the pipe has a reader meanwhile, even if the child has ended.
  /// - Throws: ``ChildProcessError``.
  init(_ program: String, _ arguments: [String], started: (_ input: Int32) -> Void) throws {
    var pipe: [Int32] = [-1, -1]
    guard Self.open(&pipe) else { throw ChildProcessError(program: program, code: errno) }
    defer { close(pipe[0]) }
    let (identifier, code) = Self.spawn(program, arguments, input: pipe[0])
    guard code == 0 else {
      close(pipe[1])
      throw ChildProcessError(program: program, code: code)
    }
    self.identifier = identifier
    input = Mutex(pipe[1])
    started(pipe[1])
  }

  var isRunning: Bool { !isReaped.withLock { $0 } }

  /// Blocks until it has ended; call it once.
  func wait() -> End {
    // It stays a zombie until the lock is held, so that `kill` cannot meet another process with its number.
    var information = siginfo_t()
    while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
    return isReaped.withLock { isReaped in
      var status: Int32 = 0
      while waitpid(identifier, &status, 0) == -1, errno == EINTR {}
      isReaped = true
      return status & 0x7F == 0 ? .exit(status: status >> 8 & 0xFF) : .signal(status & 0x7F)
    }
  }

  func kill() { isReaped.withLock { if !$0 { sendSignal(SIGKILL, identifier) } } }

  /// Its standard input ends.
  func closeInput() { input.withLock { input in input.take().map { _ = close($0) } } }

  deinit { closeInput() }

  /// A pipe that no other child gets.
  private static func open(_ ends: inout [Int32]) -> Bool {
    guard pipe(&ends) == 0 else { return false }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return true
  }

  private static func spawn(_ program: String, _ arguments: [String], input: Int32) -> (identifier: pid_t, code: Int32)
  {
    // Where children are ignored nobody learns how they end.
    signal(SIGCHLD, SIG_DFL)
    #if canImport(Darwin)
      var (actions, attributes): (posix_spawn_file_actions_t?, posix_spawnattr_t?)
    #else
      var (actions, attributes) = (posix_spawn_file_actions_t(), posix_spawnattr_t())
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    // All of this process's own close by themselves; those that it was started with do not.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
      if let descriptor = Int32(name), descriptor > STDERR_FILENO {
        posix_spawn_file_actions_addclose(&actions, descriptor)
      }
    }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    #if canImport(Darwin)
      flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
    #endif
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var identifier: pid_t = 0
    let code = withCStrings([program] + arguments) { arguments in
      withCStrings(ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }) { environment in
        posix_spawn(&identifier, program, &actions, &attributes, arguments, environment)
      }
    }
    return (identifier, code)
  }
}

/// Calls `body` with the texts as C has them, and a null at the end.
private func withCStrings<Result>(
  _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  let copies = texts.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}

/// The system's `kill`, which a method of that name hides.
private func sendSignal(_ number: Int32, _ identifier: pid_t) { kill(identifier, number) }
