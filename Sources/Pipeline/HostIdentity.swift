internal import FoundationEssentials

/// What identifies the machine, so that processes that share its cores can be told.
public enum HostIdentity {
  /// The same for all processes of one running system, whatever their network names.
  public static let current: String = {
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    let name = boot?.filter { !$0.isWhitespace } ?? ""
    return name.isEmpty ? ProcessInfo.processInfo.hostName : name
  }()
}
