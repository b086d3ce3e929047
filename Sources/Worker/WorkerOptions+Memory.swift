internal import FoundationEssentials

extension WorkerOptions {
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
