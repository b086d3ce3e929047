/// A name with numbers, as options are written down: `kill:worker=2,at=1200`. Those that are 0 are left out.
struct Word: CustomStringConvertible {
  let name: String
  private var numbers: [(key: String, value: Int)] = []

  init(_ name: String, _ numbers: KeyValuePairs<String, Int>) {
    self.name = name
    self.numbers = numbers.map { ($0.key, $0.value) }.filter { $0.value != 0 }
  }

  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard let first = parts.first else { return nil }
    name = String(first)
    for pair in parts.dropFirst().first?.split(separator: ",") ?? [] {
      let sides = pair.split(separator: "=")
      guard sides.count == 2, let value = Int(sides[1]) else { return nil }
      numbers.append((String(sides[0]), value))
    }
  }

  subscript(key: String) -> Int { numbers.first { $0.key == key }?.value ?? 0 }

  var description: String {
    numbers.isEmpty ? name : name + ":" + numbers.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }
}
