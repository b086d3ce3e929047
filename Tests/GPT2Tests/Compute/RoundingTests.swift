import TestSupport
import Testing

@testable import GPT2

/// Packing into types of two bytes rounds: to the nearest number, ties to even.
@Suite("Rounding")
struct RoundingTests {
  /// What comes back of numbers that were packed as the only rows of a matrix.
  private static func packed(_ numbers: [Float], as type: WeightType, _ kernels: Kernels) -> [Float] {
    let columns = 512
    let inner = (numbers.count + columns - 1) / columns
    let panels = PackedPanels(inner: inner, columns: columns, as: type, kernels: kernels)
    panels.pack(rows: numbers + Array(repeating: 0, count: inner * columns - numbers.count), in: [inner])
    var out = [Float](repeating: 0, count: inner * columns)
    for column in 0..<columns {
      for (k, value) in panels.column(column).enumerated() { out[k * columns + column] = value }
    }
    return Array(out.prefix(numbers.count))
  }

  /// All numbers of a type from 0 up to the largest, in order.
  private static func all(of type: WeightType) -> [Float] {
    var numbers: [Float] = []
    for bits in 0...UInt32(0x7FFF) {
      // A half's bits moved up are a float of a smaller exponent, subnormals too.
      let number = type == .bf16 ? Float(bitPattern: bits << 16) : Float(bitPattern: bits << 13) * 0x1p112
      if number <= type.largest { numbers.append(number) }
    }
    return numbers
  }

  @Test("leaves every number of the type as it is", arguments: [WeightType.bf16, .f16], Kernels.available)
  func exact(type: WeightType, kernels: Kernels) {
    let numbers = Self.all(of: type)
    #expect(numbers.count == (type == .bf16 ? 0x7F80 : 0x7C00) && numbers.last == type.largest)
    let both = numbers + numbers.map { -$0 }
    #expect(BitDifference(Self.packed(both, as: type, kernels), both) == nil)
  }

  @Test(
    "goes to the even neighbour from halfway, and to the nearer one from beside it",
    arguments: [WeightType.bf16, .f16],
    Kernels.available)
  func halfway(type: WeightType, kernels: Kernels) {
    var (numbers, expected): ([Float], [Float]) = ([], [])
    let all = Self.all(of: type)
    for (index, (below, above)) in zip(all, all.dropFirst()).enumerated() {
      let middle = Float((Double(below) + Double(above)) / 2)
      numbers += [middle.nextDown, middle, middle.nextUp, -middle]
      // Numbers alternate between even and odd, from 0 on.
      let even = index % 2 == 0 ? below : above
      expected += [below, even, above, -even]
    }
    #expect(BitDifference(numbers.map(type.rounded), expected) == nil)
    #expect(BitDifference(Self.packed(numbers, as: type, kernels), expected) == nil)
    // What is nearer to the largest than to the power of two behind it.
    let most = type == .bf16 ? (0x1.FFp127 as Float).nextDown : (65520 as Float).nextDown
    #expect(Self.packed([most, -most], as: type, kernels) == [type.largest, -type.largest])
  }

  @Test("is that of the definition for numbers of any size", arguments: [WeightType.bf16, .f16], Kernels.available)
  func any(type: WeightType, kernels: Kernels) {
    var inputs = SeededNumbers(12)
    var numbers: [Float] = [0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude]
    while numbers.count < 50_000 {
      let number = Float(bitPattern: UInt32(truncatingIfNeeded: inputs.next()))
      if number.magnitude <= type.largest { numbers.append(number) }
    }
    // Of halves most bits are too small: some of their own range.
    numbers +=
      inputs.floats(20_000, scale: 1) + inputs.floats(10_000, scale: 60_000) + inputs.floats(10_000, scale: 1e-6)
    #expect(BitDifference(Self.packed(numbers, as: type, kernels), numbers.map(type.rounded)) == nil)
  }
}
