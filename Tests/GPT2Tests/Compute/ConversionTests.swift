import CKernels
import TestSupport
import Testing

@testable import GPT2

@Suite("Conversion of stored elements")
struct ConversionTests {
  /// The value of a half by the definition (IEEE 754 binary16); nil for infinity and NaN.
  private static func half(_ pattern: UInt16) -> Float? {
    let (exponent, fraction) = (Int(pattern >> 10 & 31), Float(pattern & 1023))
    guard exponent < 31 else { return nil }
    // Both are exact: eleven bits times a power of two in the range of fp32.
    let magnitude =
      exponent == 0
      ? fraction * 0x1p-24 : (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    return pattern >> 15 == 0 ? magnitude : -magnitude
  }

  private static func brainFloat(_ pattern: UInt16) -> Float? {
    let value = Float(bitPattern: UInt32(pattern) << 16)
    return value.isFinite ? value : nil
  }

  @Test(
    "is exact for every pattern of sixteen bits, and stops at those that are no number",
    arguments: [(GPT2_STORED_F16.rawValue, "F16"), (GPT2_STORED_BF16.rawValue, "BF16")])
  func everyPattern(element: UInt32, name: String) {
    var wrong: [UInt16] = []
    for pattern in UInt16.min...UInt16.max {
      let expected = name == "F16" ? Self.half(pattern) : Self.brainFloat(pattern)
      var (stored, out) = (pattern.littleEndian, Float.zero)
      let count = gpt2_convert(gpt2_element(rawValue: element), &stored, 1, &out)
      if let expected {
        if count != 1 || out.bitPattern != expected.bitPattern { wrong.append(pattern) }
      } else if count != 0 || out.isFinite {
        wrong.append(pattern)
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test("is the same for many elements at once, aligned or not", arguments: ["F16", "BF16", "F32"])
  func manyElements(name: String) {
    let element = StoredTensor.ElementType(rawValue: name)!
    var inputs = SeededNumbers(1)
    for count in [0, 1, 7, 16, 33, 1000] {
      let patterns = (0..<count).map { _ in UInt32(truncatingIfNeeded: inputs.next()) & 0xBBFF_FFFF }
      let expected = patterns.map { pattern in
        switch element {
        case .f32: Float(bitPattern: pattern)
        case .f64: preconditionFailure("not of 32 bits")
        case .f16: Self.half(UInt16(pattern >> 16))!
        case .bf16: Self.brainFloat(UInt16(pattern >> 16))!
        }
      }
      let size = element.byteCount
      let bytes = patterns.flatMap { pattern in (4 - size..<4).map { UInt8(truncatingIfNeeded: pattern >> (8 * $0)) } }
      for offset in 0..<4 {
        let stored = [UInt8](repeating: 0xFF, count: offset) + bytes
        let out = PaddedRows(width: count)
        let converted = stored.withUnsafeBytes {
          gpt2_convert(element.kernel, $0.baseAddress! + offset, count, out.base)
        }
        #expect(converted == count)
        #expect(BitDifference(out.values, expected) == nil)
        #expect(out.isIntact)
      }
      // As the loader does it: the stored elements at the end of the room for the floats.
      let room = PaddedRows(width: count)
      let end = UnsafeMutableRawPointer(room.base) + count * (4 - size)
      end.copyMemory(from: bytes, byteCount: bytes.count)
      #expect(gpt2_convert(element.kernel, end, count, room.base) == count)
      #expect(BitDifference(room.values, expected) == nil)
      #expect(room.isIntact)
    }
  }

  @Test("says where the first element is that is NaN or infinite", arguments: StoredTensor.ElementType.allCases)
  func notFinite(element: StoredTensor.ElementType) {
    let one: UInt32 = element == .f16 ? 0x3C00_0000 : 0x3F80_0000
    let infinity: UInt32 = element == .f16 ? 0x7C00_0000 : 0x7F80_0000
    let bad = [infinity, infinity | 1 << 31, infinity | 0x10000, infinity | 0x8020_0000]
    for (number, pattern) in bad.enumerated() {
      for (first, second) in [(0, 40), (1, 2), (17, 18), (40, 40), (31, 36)] {
        var patterns = [UInt32](repeating: one, count: 41)
        patterns[first] = pattern
        patterns[second] = bad[(number + 1) % bad.count]
        let bytes = patterns.flatMap { pattern in
          (4 - element.byteCount..<4).map { UInt8(truncatingIfNeeded: pattern >> (8 * $0)) }
        }
        let out = PaddedRows(width: 41)
        #expect(gpt2_convert(element.kernel, bytes, 41, out.base) == first)
        #expect(out.isIntact)
      }
    }
  }

  @Test("rounds doubles to the nearest float, in place too, and stops at those that are none")
  func doubles() {
    var inputs = SeededNumbers(2)
    let values =
      (0..<1000).map { _ in Double(inputs.floats(1)[0]) * 1.000000037 } + [0, -0.0, 0x1p-149, 1e-300, 3.4e38]
    for count in [0, 1, 7, values.count] {
      var room = Array(values[..<count])
      room.withUnsafeMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        let floats = base.assumingMemoryBound(to: Float.self)
        #expect(gpt2_convert(GPT2_STORED_F64, base, count, floats) == count)
        #expect((0..<count).allSatisfy { floats[$0].bitPattern == Float(values[$0]).bitPattern })
      }
    }
    var out: [Float] = [0, 0]
    for bad in [Double.nan, .infinity, 1e300] { #expect(gpt2_convert(GPT2_STORED_F64, [1, bad], 2, &out) == 1) }
  }
}
