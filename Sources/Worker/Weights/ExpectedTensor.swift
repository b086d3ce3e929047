internal import GPT2
internal import JSON
internal import MicroBatching
internal import Pipeline

/// A tensor of an assignment, checked against the model it belongs to.
struct ExpectedTensor: Sendable {
  let name: String
  let elementType: StoredTensor.ElementType
  let shape: [Int]
  let fingerprint: Fingerprint

  var byteCount: Int { shape.reduce(elementType.byteCount, *) }

  /// The whole of the file at `path` as this tensor; its bytes are not looked at.
  func stored(at path: String) throws(CheckpointError) -> StoredTensor {
    try StoredTensor(name: name, elementType: elementType, shape: shape, path: path)
  }
}

extension Assignment {
  /// The tensors of the slice; throws ``WeightsError`` unless they are exactly those of its blocks, in their order.
  func expectedTensors(of configuration: Configuration) throws(WeightsError) -> [ExpectedTensor] {
    let specifications = layers.flatMap { configuration.tensors(of: .block($0)) }
    guard tensors.count == specifications.count else {
      throw .wrongTensorCount(found: tensors.count, expected: specifications.count)
    }
    var expected: [ExpectedTensor] = []
    for (tensor, specification) in zip(tensors, specifications) {
      guard let type = StoredTensor.ElementType(rawValue: tensor.elementType),
        let fingerprint = Fingerprint(bytes: tensor.fingerprint),
        ExactString(tensor.name) == ExactString(specification.name), tensor.shape == specification.shape
      else {
        throw .wrongDescription(of: specification.name, found: tensor)
      }
      expected.append(
        ExpectedTensor(
          name: specification.name, elementType: type, shape: specification.shape, fingerprint: fingerprint))
    }
    return expected
  }
}
