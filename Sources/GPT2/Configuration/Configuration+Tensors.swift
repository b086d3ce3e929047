extension Configuration {
  /// All parts, in the order a token passes them.
  public var parts: [ModelPart] {
    [.embedding] + (0..<layerCount).map(ModelPart.block) + [.finalNorm, .head]
  }

  /// The tensors of a part, in the order they are used.
  ///
  /// Names and layouts are those of Hugging Face's GPT-2, whose "Conv1D" matrices are `[in, out]`.
  public func tensors(of part: ModelPart) -> [TensorSpecification] {
    switch part {
    case .embedding:
      return [
        TensorSpecification(name: "wte.weight", shape: [vocabularySize, width]),
        TensorSpecification(name: "wpe.weight", shape: [positionCount, width]),
      ]
    case .block(let index):
      precondition((0..<layerCount).contains(index), "no such block")
      let tensors: [(String, [Int])] = [
        ("ln_1.weight", [width]), ("ln_1.bias", [width]),
        ("attn.c_attn.weight", [width, 3 * width]), ("attn.c_attn.bias", [3 * width]),
        ("attn.c_proj.weight", [width, width]), ("attn.c_proj.bias", [width]),
        ("ln_2.weight", [width]), ("ln_2.bias", [width]),
        ("mlp.c_fc.weight", [width, innerWidth]), ("mlp.c_fc.bias", [innerWidth]),
        ("mlp.c_proj.weight", [innerWidth, width]), ("mlp.c_proj.bias", [width]),
      ]
      return tensors.map { TensorSpecification(name: "h.\(index).\($0)", shape: $1) }
    case .finalNorm:
      return [
        TensorSpecification(name: "ln_f.weight", shape: [width]),
        TensorSpecification(name: "ln_f.bias", shape: [width]),
      ]
    case .head:
      return tiesHead ? [] : [headTensor]
    }
  }

  /// The head's own matrix, `[V, C]`: needed when the head is not tied, and in some checkpoints stored though it is.
  var headTensor: TensorSpecification {
    TensorSpecification(name: "lm_head.weight", shape: [vocabularySize, width])
  }

  /// Names of the constant causal masks that old versions of transformers stored with each block.
  var maskTensors: [String] {
    (0..<layerCount).flatMap { ["h.\($0).attn.bias", "h.\($0).attn.masked_bias"] }
  }
}
