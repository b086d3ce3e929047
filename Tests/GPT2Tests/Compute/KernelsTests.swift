import Foundation
import TestSupport
import Testing

@testable import GPT2

@Suite("Kernels")
struct KernelsTests {
  @Test("come with a portable form, the last resort")
  func available() {
    #expect(Kernels.builtNames.last == "portable")
    #expect(Set(Kernels.builtNames).count == Kernels.builtNames.count)
    #expect(Kernels.available.last?.name == "portable")
    #expect(Kernels.available.map(\.name) == Kernels.builtNames.filter { (try? Kernels(named: $0)) != nil })
    for kernels in Kernels.available {
      // The cache and the edges of tiles rely on whole groups of sixteen.
      #expect(kernels.panelWidth >= 16 && kernels.panelWidth % 16 == 0)
    }
    print("Instruction sets tested: \(Kernels.available.map(\.name).joined(separator: ", "))")
    for name in Kernels.builtNames where (try? Kernels(named: name)) == nil {
      print("SKIPPED: tests of the instruction set \(name), because this machine does not have it")
    }
  }

  @Test("are refused by name when unknown or not this machine's", arguments: ["", "sse2", "AVX2", "avx2 "])
  func refusals(name: String) {
    let error = #expect(throws: KernelsError.self) { try Kernels(named: name) }
    #expect(error == .unknown(name, known: Kernels.builtNames))
    #expect(error?.description.isOneLine == true)
    for name in Kernels.builtNames where !Kernels.available.map(\.name).contains(name) {
      #expect(throws: KernelsError.unsupported(name)) { try Kernels(named: name) }
      #expect(KernelsError.unsupported(name).description.isOneLine)
    }
  }

  @Test("are chosen by GPT2_KERNELS, or else are the best there are")
  func selection() async {
    await #expect(processExitsWith: .success) {
      for (value, expected) in [("portable", "portable"), ("", Kernels.available[0].name)] {
        setenv("GPT2_KERNELS", value, 1)
        guard try Kernels.selected().name == expected else { exit(1) }
      }
      unsetenv("GPT2_KERNELS")
      guard try Kernels.selected().name == Kernels.available[0].name else { exit(1) }
      setenv("GPT2_KERNELS", "mmx", 1)
      guard (try? Kernels.selected()) == nil else { exit(1) }
    }
  }
}
