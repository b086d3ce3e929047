/// The shape of a GPT-2 model and the few choices its family leaves open, named as in the checkpoint's `config.json`.
public struct Configuration: Hashable, Sendable {
  /// Pointwise function between the two matrices of a block's MLP.
  public enum Activation: String, Hashable, Sendable, CaseIterable {
    /// `0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`; `gelu_pytorch_tanh` is another name for it.
    case geluTanh = "gelu_new"
    /// `x·Φ(x)` by the error function.
    case gelu
    case relu
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
  /// `eos_token_id`: the token, if any, that ends a text. Several ids are allowed.
  public var endOfTextTokens: [Int]

  public init(
    layerCount: Int, headCount: Int, width: Int, positionCount: Int, innerWidth: Int? = nil, vocabularySize: Int,
    layerNormEpsilon: Float = 1e-5, activation: Activation = .geluTanh, scalesAttention: Bool = true,
    scalesAttentionByInverseLayer: Bool = false, tiesHead: Bool = true, endOfTextTokens: [Int] = []
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
