import ArgumentParser
import DemoModel
import GPT2

/// Which model answers, and with how many threads.
struct ModelOptions: ParsableArguments {
  @Option(
    name: [.customShort("m"), .long],
    help: ArgumentHelp(
      "The model's folder. (default: a demo that is built in; for bench random weights)", valueName: "dir"),
    completion: .directory)
  var model: String?

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Threads that compute, in each process. (default: one a core)", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      """
      How matrices are held in memory: f32, bf16, f16, int8, or auto: as the files have them, which gives the text of f32. \
      bf16 and f16 take half the memory; with int8 the blocks take a quarter. Rounding may change the text. (default: auto; \
      bench f32, compare-weights all but f32)
      """, valueName: "type"))
  var weights: WeightChoices?

  /// Stands in for the demo model: random weights of this shape.
  var shape: ModelShape?

  mutating func validate() throws {
    if model?.isEmpty == true { throw ValidationError("--model is empty; give the folder of a checkpoint") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
  }

  /// Where the model is.
  ///
  /// - Throws: ``ModelFolderError``.
  var folder: CheckpointFolder {
    get throws(ModelFolderError) {
      if let model { try ModelFolder.open(model) } else { .demo }
    }
  }

  /// The model's files, their headers read, to be held as `--weights` says.
  ///
  /// - Throws: ``ModelFolderError``, ``CheckpointError``; ``ValidationError`` where that names several types.
  func checkpoint() throws -> Checkpoint { try checkpoint(weights?.one ?? .auto) }

  /// The model's files, their headers read, to be held so.
  ///
  /// - Throws: ``ModelFolderError``, ``CheckpointError``.
  func checkpoint(_ weights: WeightTypes.Choice) throws -> Checkpoint {
    if model == nil, let shape { return try Checkpoint(shape, weights: weights) }
    return try Checkpoint(folder, weights: weights)
  }

  /// What a worker on this machine is started with to have the same model.
  var workerFlags: [String] {
    model.map { ["--model", $0] } ?? shape.map { ["--shape", $0.rawValue] } ?? ["--demo"]
  }

  /// The checkpoint's tokenizer; nil where it has none, or where it cannot be used and need not be.
  func tokenizer(isNeeded: Bool = true) throws -> Tokenizer? {
    let folder = try model.map { try ModelFolder.open($0, isForTokenizer: true) } ?? .demo
    do throws(TokenizerError) {
      return try Tokenizer(folder)
    } catch .folder(_, .noTokenizer) {
      return nil
    } catch {
      if isNeeded { throw error }
      Terminal.warn("going on without a tokenizer: \(error)")
      return nil
    }
  }
}

extension CheckpointFolder {
  /// The model that is built into the program.
  static var demo: CheckpointFolder {
    var fileCount = 0
    let files = UnsafeBufferPointer(start: demo_model_files(&fileCount), count: fileCount)
    var contents: [String: UnsafeRawBufferPointer] = [:]
    for file in files {
      contents[String(cString: file.name)] = UnsafeRawBufferPointer(start: file.bytes, count: file.count)
    }
    return CheckpointFolder(name: "demo model", contents: contents)
  }
}
