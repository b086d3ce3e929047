/// The shape of a GPT-2 model and the few choices its family leaves open, named as in the checkpoint's `config.json`.
public struct Configuration: Hashable, Sendable {
  /// Pointwise function between the two matrices of a block's MLP.
  ///
  /// All that transformers (5.24) can give a GPT-2 but `prelu` and `xielu`, which have weights of their own.
  public enum Activation: String, Hashable, Sendable, CaseIterable {
    /// `0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
    case geluTanh = "gelu_new"
    /// `x·Φ(x)` by the error function.
    case gelu
    /// `gelu`, at most 10.
    case gelu10 = "gelu_10"
    /// `x·σ(1.702·x)`.
    case quickGELU = "quick_gelu"
    /// `x·σ(x)`.
    case silu
    /// `x·tanh(ln(1 + eˣ))`.
    case mish
    case relu
    /// `relu`, squared.
    case relu2
    /// `relu`, at most 6.
    case relu6
    /// `x`, below zero `0.01·x`.
    case leakyReLU = "leaky_relu"
    /// `x·relu6(x + 3) / 6`.
    case hardSwish = "hardswish"
    case tanh
    /// `σ(x) = 1 / (1 + e⁻ˣ)`.
    case sigmoid
    /// `Φ((x − 0.707107) / 0.282095)`.
    case laplace
    /// `√ln(1 + eˣ)`.
    case sqrtSoftplus = "sqrtsoftplus"
    case linear

    /// The function that transformers knows by this name, which may have others.
    public init?(name: String) {
      let canonical =
        switch name {
        case "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh": "gelu_new"
        case "gelu_python": "gelu"
        case "swish": "silu"
        default: name
        }
      self.init(rawValue: canonical)
    }
  }

  /// Number of transformer blocks (`n_layer`), L.
  public var layerCount: Int
  /// Number of attention heads (`n_head`), H.
  public var headCount: Int
  /// Width of the residual stream (`n_embd`), C.
  public var width: Int
  /// Longest sequence (`n_positions`), in tokens.
  public var positionCount: Int
  /// Width inside the MLP (`n_inner`; absent means 4·C).
  public var innerWidth: Int
  /// Number of tokens the model knows (`vocab_size`), V.
  public var vocabularySize: Int
  /// `layer_norm_epsilon`.
  public var layerNormEpsilon: Float
  /// `activation_function`.
  public var activation: Activation
  /// `scale_attn_weights`: divide attention scores by √D.
  public var scalesAttention: Bool
  /// `scale_attn_by_inverse_layer_idx`: divide attention scores of block `i` by `i + 1` as well.
  public var scalesAttentionByInverseLayer: Bool
  /// `tie_word_embeddings`: the head is the token embedding; otherwise it is `lm_head.weight`.
  public var tiesHead: Bool
  /// `eos_token_id`: the tokens, if any, that end a text.
  public var endOfTextTokens: [Int]
  /// `bos_token_id`: the token, if any, that an empty prompt stands for.
  public var beginningOfTextToken: Int?
  /// How the matrices are held in memory. Not of `config.json`: whoever opens the model chooses.
  public var weights = WeightTypes()

  public init(
    layerCount: Int, headCount: Int, width: Int, positionCount: Int, innerWidth: Int? = nil, vocabularySize: Int,
    layerNormEpsilon: Float = 1e-5, activation: Activation = .geluTanh, scalesAttention: Bool = true,
    scalesAttentionByInverseLayer: Bool = false, tiesHead: Bool = true, endOfTextTokens: [Int] = [],
    beginningOfTextToken: Int? = nil
  ) {
    self.layerCount = layerCount
    self.headCount = headCount
    self.width = width
    self.positionCount = positionCount
    self.innerWidth = innerWidth ?? 4 * width
    self.vocabularySize = vocabularySize
    self.layerNormEpsilon = layerNormEpsilon
    self.activation = activation
    self.scalesAttention = scalesAttention
    self.scalesAttentionByInverseLayer = scalesAttentionByInverseLayer
    self.tiesHead = tiesHead
    self.endOfTextTokens = endOfTextTokens
    self.beginningOfTextToken = beginningOfTextToken
  }

  /// Whether checkpoints of the two have the same tensors and mean the same by them. Where texts begin and end is not part of
  /// that, nor how weights are held.
  public func isLike(_ other: Configuration) -> Bool {
    var other = other
    (other.endOfTextTokens, other.beginningOfTextToken) = (endOfTextTokens, beginningOfTextToken)
    other.weights = weights
    return self == other
  }

  /// Width of one attention head, D = C / H.
  public var headWidth: Int { width / headCount }

  /// What attention scores of block `layer` are multiplied by before the softmax.
  public func attentionScale(layer: Int) -> Float {
    var scale: Float = 1
    if scalesAttention { scale /= Float(headWidth).squareRoot() }
    if scalesAttentionByInverseLayer { scale /= Float(layer + 1) }
    return scale
  }
}
