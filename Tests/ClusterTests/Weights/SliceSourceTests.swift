import GPT2
import Pipeline
import TestSupport
import Testing

@testable import Coordinator
@testable import Worker

@Suite("A worker's own files", .timeLimit(.minutes(1)))
struct SliceSourceTests {
  private let fixture: WeightsFixture

  init() throws { fixture = try WeightsFixture() }

  private func slice(_ assignment: Assignment? = nil, from source: SliceSource, progress: () -> Void = {}) throws
    -> AssignedSlice
  {
    try AssignedSlice(
      assignment ?? fixture.assignment(), of: fixture.configuration, from: source, pool: fixture.pool,
      progress: progress)
  }

  @Test("are used when they are the coordinator's, and nothing is asked for")
  func same() throws {
    let copy = try WeightsFixture()
    var progress = 0
    let slice = try slice(from: .checkpoint(copy.checkpoint)) { progress += 1 }
    #expect(try slice.wanted() == nil)
    #expect(slice.isComplete && progress == 24)
    #expect(try slice.checkpoint() === copy.checkpoint)
    #expect([slice.bytesRead, slice.bytesReceived, slice.bytesCached] == [fixture.byteCount, 0, 0])
  }

  @Test("and what is fetched are only looked at for the blocks that a worker does not hold yet")
  func missing() throws {
    let one = fixture.checkpoint.byteCount(of: [.block(2)])
    var progress = 0
    let own = try AssignedSlice(
      fixture.assignment(), of: fixture.configuration, from: .checkpoint(fixture.checkpoint), missing: [2],
      pool: fixture.pool
    ) { progress += 1 }
    #expect(try own.wanted() == nil)
    #expect(own.isComplete && progress == 12)
    #expect([own.bytesRead, own.bytesReceived, own.bytesCached] == [one, 0, 0])
    let fetched = try AssignedSlice(
      fixture.assignment(), of: fixture.configuration, from: .cache(fixture.cache()), missing: [2], pool: fixture.pool)
    try fixture.transfer(fetched)
    #expect(fetched.isComplete)
    #expect([fetched.bytesRead, fetched.bytesReceived, fetched.bytesCached] == [0, one, 0])
    var held = HeldBlocks(configuration: fixture.configuration)
    try held.load(2..<3, from: fetched.checkpoint(), kernels: .selected(), pool: fixture.pool)
    #expect(held.missing(of: 1..<3) == [1])
    held.keep(only: 0..<2)
    #expect(held.missing(of: 1..<3) == [1, 2])
  }

  @Test("are refused with their folder and tensor when they are of another checkpoint")
  func otherTensors() throws {
    let other = try WeightsFixture(seed: 2)
    let error = #expect(throws: WeightsError.self) { try slice(from: .checkpoint(other.checkpoint)) }
    let file = "\(other.folder.path)/model.safetensors"
    #expect(
      error
        == .otherTensor(
          "h.1.ln_1.weight", file: file, found: try other.tensors[0].fingerprint(),
          expected: try fixture.tensors[0].fingerprint()))
    #expect(error?.description.hasPrefix("\(file): tensor h.1.ln_1.weight is not the coordinator's (") == true)
  }

  @Test("are refused when one bit of one tensor differs, and not when it is a tensor of another slice")
  func oneBit() throws {
    func source(changing name: String) throws -> SliceSource {
      let tensors = try (0..<3).flatMap { fixture.checkpoint.tensors(of: .block($0)) }.map { tensor in
        var bytes = try tensor.read(bytes: 0..<tensor.byteCount)
        if tensor.name == name { bytes[bytes.count - 1] ^= 1 }
        try fixture.folder.write(bytes, to: tensor.name)
        return try StoredTensor(
          name: tensor.name, elementType: .f32, shape: tensor.shape, path: fixture.folder.path(tensor.name))
      }
      return .checkpoint(try Checkpoint(name: "own", configuration: fixture.configuration, tensors: tensors))
    }
    #expect(try slice(from: source(changing: "h.0.mlp.c_fc.weight")).isComplete)
    let error = #expect(throws: WeightsError.self) { try slice(from: source(changing: "h.2.mlp.c_proj.bias")) }
    guard case .otherTensor("h.2.mlp.c_proj.bias", _, _, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("of another element type or another configuration are refused")
  func otherShape() throws {
    let other = try WeightsFixture(width: 36)
    #expect(throws: WeightsError.otherConfiguration(folder: other.folder.path)) {
      try slice(from: .checkpoint(other.checkpoint))
    }
    let half = try WeightsFixture(type: .bf16)
    #expect(throws: WeightsError.self) { try slice(from: .checkpoint(half.checkpoint)) }
  }

  @Test("are not compared when they count as the coordinator's")
  func shared() throws {
    let other = try WeightsFixture(seed: 2)
    let slice = try slice(fixture.assignment(sharesFiles: true), from: .checkpoint(other.checkpoint)) {
      Issue.record("a tensor was read")
    }
    #expect(slice.isComplete && slice.bytesRead == fixture.byteCount)
    #expect(throws: WeightsError.nothingToShare) {
      try self.slice(fixture.assignment(sharesFiles: true), from: .cache(fixture.cache()))
    }
  }

  @Test("and assignments must be those of the model", arguments: [true, false])
  func misdescribed(hasFiles: Bool) throws {
    let source: SliceSource = hasFiles ? .checkpoint(fixture.checkpoint) : .cache(try fixture.cache())
    func refusal(_ change: (inout Assignment) -> Void) throws -> WeightsError? {
      var assignment = try fixture.assignment()
      change(&assignment)
      return #expect(throws: WeightsError.self) { try slice(assignment, from: source) }
    }
    #expect(try refusal { $0.layers = 1..<4 } == .blocksOutOfRange(1..<4, layerCount: 3))
    #expect(try refusal { $0.layers = -1..<1 } == .blocksOutOfRange(-1..<1, layerCount: 3))
    #expect(try refusal { $0.layers = 1..<2 } == .wrongTensorCount(found: 24, expected: 12))
    #expect(try refusal { $0.tensors.removeLast() } == .wrongTensorCount(found: 23, expected: 24))
    let changes: [(inout TensorDescription) -> Void] = [
      { $0.name = "h.0.mlp.c_fc.bias" }, { $0.elementType = "I64" }, { $0.shape = [1, 2200] }, { $0.shape = [-2200] },
      { $0.shape = [.max, .max] }, { $0.fingerprint = [] }, { $0.fingerprint.append(0) },
    ]
    for change in changes {
      var found = try fixture.assignment().tensors[9]
      change(&found)
      let error = try refusal { $0.tensors[9] = found }
      #expect(error == .wrongDescription(of: "h.1.mlp.c_fc.bias", found: found))
      #expect(error?.description.contains("\n") == false)
    }
  }
}
