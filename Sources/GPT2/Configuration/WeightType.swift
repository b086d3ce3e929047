internal import CKernels

/// How the elements of a matrix are held in memory.
///
/// Products with `f32`, `bf16` and `f16` are the same function of the elements: they are widened to fp32, exactly, as they are
/// read. `int8` has numbers from -127 to 127 in blocks of ``WeightType/int8Block`` inner indices, with a scale for each block and
/// column, and rounds the other side of the product in the same way.
public enum WeightType: String, Hashable, Sendable, CaseIterable {
  case f32, bf16, f16, int8

  /// Inner indices that share a scale.
  public static var int8Block: Int { Int(GPT2_INT8_BLOCK) }

  /// Bytes of a matrix `[inner, columns]`.
  public func byteCount(inner: Int, columns: Int) -> Int {
    switch self {
    case .f32: 4 * inner * columns
    case .bf16, .f16: 2 * inner * columns
    // The last block is filled up, and every block has a scale.
    case .int8: (inner + Self.int8Block - 1) / Self.int8Block * (Self.int8Block + 4) * columns
    }
  }

  /// Of these types the one with the largest elements.
  static func largest(_ types: some Sequence<WeightType>) -> WeightType? {
    types.max { $0.byteCount(inner: 64, columns: 1) < $1.byteCount(inner: 64, columns: 1) }
  }

  var kernel: gpt2_weight_type {
    switch self {
    case .f32: GPT2_F32
    case .bf16: GPT2_BF16
    case .f16: GPT2_F16
    case .int8: GPT2_INT8
    }
  }
}
