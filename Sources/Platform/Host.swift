internal import FoundationEssentials

/// The machine that this process runs on.
public enum Host {
  /// The same for all processes of one running system, whatever their network names: so those that share its cores can be told.
  public static let identity: String = {
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    let name = boot?.filter { !$0.isWhitespace } ?? ""
    return name.isEmpty ? ProcessInfo.processInfo.hostName : name
  }()

  /// Cores that this process may run on.
  public static var cores: Int {
    // Linux tells the cores a process is bound to as a mask in hexadecimal digits.
    if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
    {
      let count = line.dropFirst("Cpus_allowed:".count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
      if count > 0 { return min(count, ProcessInfo.processInfo.activeProcessorCount) }
    }
    return max(1, ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Bytes of memory that this machine can give without swapping, a tenth kept back; the whole of it where that is not told.
  public static var availableMemory: Int {
    if let table = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = table.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
      return kilobytes * 1024 / 10 * 9
    }
    return Int(clamping: ProcessInfo.processInfo.physicalMemory) / 10 * 9
  }
}
