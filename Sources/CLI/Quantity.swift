import Wording

/// Numbers with units as people write them.
enum Quantity {
  /// `4GB`, `512MiB`, `2G`, `1000000`: bytes.
  static func bytes(_ text: some StringProtocol) -> Int? {
    let units = [
      "TIB": 0x1p40, "GIB": 0x1p30, "MIB": 0x1p20, "KIB": 0x1p10, "TB": 1e12, "GB": 1e9, "MB": 1e6, "KB": 1e3,
      "T": 1e12, "G": 1e9, "M": 1e6, "K": 1e3, "B": 1, "": 1,
    ]
    let order = ["TIB", "GIB", "MIB", "KIB", "TB", "GB", "MB", "KB", "T", "G", "M", "K", "B", ""]
    return value(text, units, order: order).flatMap { $0 < 1e18 ? Int($0) : nil }
  }

  /// `0.2ms`, `50us`, `1s`: seconds.
  static func seconds(_ text: String) -> Double? {
    value(text, ["MS": 1e-3, "US": 1e-6, "S": 1], order: ["MS", "US", "S"]).flatMap { $0 <= 60 ? $0 : nil }
  }

  /// `10Gbit`, `100Mbit`: bytes a second.
  static func bytesPerSecond(_ text: String) -> Double? {
    value(text, ["GBIT": 1e9 / 8, "MBIT": 1e6 / 8, "KBIT": 1e3 / 8], order: ["GBIT", "MBIT", "KBIT"])
      .flatMap { $0 > 0 ? $0 : nil }
  }

  private static func value(_ text: some StringProtocol, _ units: [String: Double], order: [String]) -> Double? {
    let upper = text.uppercased()
    guard let unit = order.first(where: upper.hasSuffix), let scale = units[unit] else { return nil }
    let digits = upper.dropLast(unit.count).filter { $0 != " " }
    guard let number = Double(digits), number >= 0, number.isFinite, !digits.contains("X") else { return nil }
    return number * scale
  }
}
