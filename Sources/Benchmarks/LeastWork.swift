internal import GPT2

/// What a piece of a model's work asks of a machine, however it is done.
struct LeastWork {
  /// Floating-point operations.
  var floating = 0.0
  /// Operations of products of 8-bit numbers.
  var integer = 0.0
  /// Bytes of weights and cache that are read from memory.
  var bytes = 0.0

  /// Adds operations of products with matrices of a type.
  mutating func add(products operations: Double, of type: WeightType) {
    if type == .int8 { integer += operations } else { floating += operations }
  }

  /// The least seconds it takes: computing or reading, whichever takes longer.
  func seconds(at rates: MachineRates) -> Double {
    let products = integer == 0 ? 0 : integer / ((rates.dot ?? rates.fma) * 1e9)
    return max(products + floating / (rates.fma * 1e9), bytes / (rates.read * 1e9))
  }
}
