/// The class that transformers reads a folder's tokenizer with, which decides what of `tokenizer.json` counts.
enum TokenizerClass: Equatable {
  /// `GPT2Tokenizer`: vocabulary, merges and post-processor count; words are cut in GPT-2's way; what else
  /// `tokenizer.json` says is left aside.
  case gpt2
  /// `PreTrainedTokenizerFast` and all names that transformers does not know: `tokenizer.json` counts as it stands.
  case generic

  /// - Throws: `TokenizerError.kind` or `.setting` for a class that makes tokens in another way.
  init(name: TokenizerSetting) throws(TokenizerError) {
    guard let full = try name.string() else {
      self = .generic
      return
    }
    let family = full.hasSuffix("Fast") ? String(full.dropLast(4)) : full
    let stem = family.hasSuffix("Tokenizer") ? String(family.dropLast(9)) : ""
    if Self.wordPiece.contains(stem) { throw .kind(file: name.file, .wordPiece) }
    if Self.sentencePiece.contains(stem) { throw .kind(file: name.file, .sentencePiece) }
    if Self.others.contains(stem) {
      throw name.refused(expected: "GPT2Tokenizer or PreTrainedTokenizerFast, as only byte-level BPE is supported")
    }
    self = stem == "GPT2" || stem == "CodeGen" ? .gpt2 : .generic
  }

  // Names of transformers 5's classes, without `Tokenizer`, that make tokens each in its own way. `Llama` is not among
  // them: it is read by the generic class where `tokenizer.json` is byte-level.

  private static let wordPiece: Set<String> = [
    "Bert", "BertJapanese", "ConvBert", "DPRContextEncoder", "DPRQuestionEncoder", "DPRReader", "DistilBert",
    "Funnel", "LayoutLMv2", "Lxmert", "MPNet", "MobileBert", "ProphetNet", "RoCBert", "RoFormer", "Splinter",
    "SqueezeBert", "Tapas",
  ]

  private static let sentencePiece: Set<String> = [
    "Albert", "Barthez", "Bartpho", "BertGeneration", "BigBird", "Camembert", "CodeLlama", "Cpm", "DebertaV2", "FNet",
    "GPTSw3", "Gemma", "LayoutXLM", "M2M100", "MBart", "MBart50", "MLuke", "Marian", "Nllb", "PLBart", "Pegasus",
    "Pop2Piano", "Reformer", "RemBert", "SeamlessM4T", "Siglip", "Speech2Text", "SpeechT5", "T5", "Udop", "XGLM",
    "XLMRoberta", "XLNet",
  ]

  private static let others: Set<String> = [
    "Bart", "Bertweet", "BioGpt", "Blenderbot", "BlenderbotSmall", "ByT5", "CLIP", "CTRL", "Canine", "Character",
    "Clvp", "Cohere", "CpmAnt", "Deberta", "Dia", "Esm", "Esmc", "FSMT", "FastSpeech2Conformer", "Flaubert",
    "GPTNeoX", "GPTNeoXJapanese", "Herbert", "LED", "Lasr", "LayoutLMv3", "Luke", "MarkupLM", "Mgpstr", "Mvp", "MyT5",
    "Nougat", "OpenAIGPT", "Parakeet", "Perceiver", "Phobert", "Qwen2", "Qwen3_5", "Rag", "Roberta", "Siglip2",
    "Tipsv2", "VideoPrism", "Vits", "Wav2Vec2CTC", "Wav2Vec2PhonemeCTC", "Whisper", "XLM",
  ]
}
