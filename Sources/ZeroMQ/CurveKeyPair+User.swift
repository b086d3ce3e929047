internal import LibC

extension CurveKeyPair {
  /// The key of this user's own clusters on this machine, for addresses that only the machine itself reaches. It lies in a file
  /// of mode 600 where all of the user's processes find it and no other user can put one; whoever comes first makes it.
  ///
  /// - Throws: ``CurveKeyError``, `.noFolder` where the user has no such folder.
  public static func ofThisUser() throws(CurveKeyError) -> CurveKeyPair {
    let folder = try userFolder()
    for end in folder.indices where end != folder.startIndex && folder[end] == "/" {
      mkdir(String(folder[..<end]), 0o700)
    }
    mkdir(folder, 0o700)
    var status = stat()
    let code = lstat(folder, &status) == 0 ? 0 : errno
    guard code == 0 else { throw CurveKeyError(file: folder, problem: .system(call: "make this folder", code: code)) }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
      throw CurveKeyError(file: folder, problem: .ownedByOther(user: status.st_uid))
    }
    guard status.st_mode & 0o022 == 0 else {
      throw CurveKeyError(file: folder, problem: .writableByOthers(mode: UInt32(status.st_mode & 0o777)))
    }
    let file = "\(folder)/loopback.key"
    if access(file, F_OK) != 0 {
      // Written aside and given its name whole, by whoever is first.
      let draft = "\(file).\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
      do { try make().write(to: draft) } catch let error as CurveKeyError { throw error } catch {
        throw CurveKeyError(file: file, problem: .unsupported)
      }
      let code = link(draft, file) == 0 ? 0 : errno
      unlink(draft)
      guard code == 0 || code == EEXIST else {
        throw CurveKeyError(file: file, problem: .system(call: "write it", code: code))
      }
    }
    do throws(CurveKeyProblem) {
      let owner = try KeyFile.read(file, atMost: 64).owner
      guard owner == geteuid() else { throw .ownedByOther(user: owner) }
    } catch { throw CurveKeyError(file: file, problem: error) }
    return try CurveKeyPair(file: file)
  }

  /// The runtime folder that the session gives its user, else one below the user's home.
  private static func userFolder() throws(CurveKeyError) -> String {
    func owned(_ path: String) -> Bool {
      var status = stat()
      return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
    }
    let given = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
    for folder in [given, "/run/user/\(geteuid())"] where folder.hasPrefix("/") && owned(folder) {
      return "\(folder)/gpt2-cluster"
    }
    let homes = [
      getenv("HOME").map { String(cString: $0) }, getpwuid(geteuid()).map { String(cString: $0.pointee.pw_dir) },
    ]
    for home in homes.compactMap({ $0 }) where home.hasPrefix("/") && owned(home) {
      return "\(home)/.cache/gpt2-cluster/run"
    }
    throw CurveKeyError(file: "loopback.key", problem: .noFolder)
  }
}
