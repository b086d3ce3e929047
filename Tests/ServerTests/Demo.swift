import DemoModel
import GPT2

/// The bundled model's tokenizer and shape.
enum Demo {
  static let folder = {
    var count = 0
    let files = UnsafeBufferPointer(start: demo_model_files(&count), count: count)
    return CheckpointFolder(
      name: "demo",
      contents: Dictionary(
        uniqueKeysWithValues: files.map {
          (String(cString: $0.name), UnsafeRawBufferPointer(start: $0.bytes, count: $0.count))
        }))
  }()

  static let tokenizer = Result { try Tokenizer(folder) }
  static let configuration = Result { try Checkpoint(folder).configuration }
}
