import GPT2
import Testing

@testable import Benchmarks

@Suite("The least time of some work") struct LeastWorkTests {
  private static let rates = MachineRates(fma: 100, dot: 400, read: 20)

  @Test("is that of computing or of reading, whichever is longer")
  func longer() {
    #expect(LeastWork(floating: 2e11, bytes: 1e9).seconds(at: Self.rates) == 2)
    #expect(LeastWork(floating: 2e11, bytes: 8e10).seconds(at: Self.rates) == 4)
  }

  @Test("has products of INT8 at the rate of 8-bit products, and attention beside them at that of fp32")
  func integers() {
    var work = LeastWork(floating: 1e11)
    work.add(products: 8e11, of: .int8)
    #expect(work.seconds(at: Self.rates) == 3)
    for type in [WeightType.f32, .bf16, .f16] {
      var work = LeastWork(floating: 1e11)
      work.add(products: 8e11, of: type)
      #expect(work.seconds(at: MachineRates(fma: 100, dot: nil, read: 20)) == 9)
    }
  }

  @Test("is held against rates between two measurements")
  func means() {
    let mean = MachineRates.mean(Self.rates, MachineRates(fma: 300, dot: 800, read: 40))
    #expect(mean.fma == 200 && mean.dot == 600 && mean.read == 30)
    #expect(MachineRates.mean(Self.rates, MachineRates(fma: 1, dot: nil, read: 1)).dot == nil)
  }
}
