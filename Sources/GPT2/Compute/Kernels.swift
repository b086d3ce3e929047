internal import CKernels
internal import FoundationEssentials

/// The inner loops for one instruction set; all sets give equal bits.
///
/// The best one this machine runs is chosen unless the environment variable `GPT2_KERNELS` names another.
public struct Kernels: @unchecked Sendable {
  // Unchecked: the table is a constant of the C part, never written.
  let table: UnsafePointer<gpt2_kernels>

  /// Name of the instruction set: `avx512vnni`, `avx512`, `avxvnni`, `avx2`, `dotprod` (of arm64) or `portable` (NEON on arm64).
  public var name: String { String(cString: table.pointee.name) }

  /// Keys of a panel of the cache; see ``KVCache``.
  var panelWidth: Int { table.pointee.panel_width }

  /// What it does with matrices of a type.
  func matrices(_ type: WeightType) -> UnsafePointer<gpt2_matrix_kernels> {
    gpt2_matrices(table, type.kernel)
  }

  /// Instruction sets this machine can run, best first.
  public static var available: [Kernels] { builtNames.compactMap { try? Kernels(named: $0) } }

  /// Instruction sets this program was built with, best first.
  public static var builtNames: [String] {
    var names: [String] = []
    while let name = gpt2_kernels_name(names.count) { names.append(String(cString: name)) }
    return names
  }

  public init(named name: String) throws(KernelsError) {
    guard let table = gpt2_kernels_named(name) else {
      throw Self.builtNames.contains(name) ? .unsupported(name) : .unknown(name, known: Self.builtNames)
    }
    self.table = table
  }

  /// What `GPT2_KERNELS` names, or the best this machine runs.
  public static func selected() throws(KernelsError) -> Kernels {
    if let name = ProcessInfo.processInfo.environment["GPT2_KERNELS"], !name.isEmpty { return try Kernels(named: name) }
    return available[0]
  }
}
