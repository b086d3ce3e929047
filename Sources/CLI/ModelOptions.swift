import ArgumentParser
import DemoModel
import GPT2

/// Which model answers, and with how many threads.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Folder with the checkpoint. Without it, the built-in demo model.", valueName: "dir"))
  var model: String?

  @Option(help: ArgumentHelp("Threads that compute. (default: the cores this process may use)", valueName: "n"))
  var threads: Int?

  mutating func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
  }

  var folder: CheckpointFolder { model.map { CheckpointFolder(path: $0) } ?? .demo }

  func load(slotCount: Int) throws -> LoadedModel {
    let start = ContinuousClock.now
    let checkpoint = try Checkpoint(folder)
    let model = try Model(
      checkpoint, slotCount: slotCount, kernels: Kernels.selected(),
      pool: ThreadPool(threadCount: threads ?? ThreadPool.availableCores))
    let loaded = LoadedModel(checkpoint: checkpoint, model: model, loadTime: .now - start)
    Terminal.note(
      "\(folder.name): \(checkpoint.configuration.layerCount) blocks, read \(bytes(model.weightBytesRead)) in "
        + "\(loaded.loadTime.short); \(model.kernels.name), \(count(model.pool.threadCount, "thread"))")
    return loaded
  }

  /// The checkpoint's tokenizer; nil where it has none.
  func tokenizer() throws -> Tokenizer? {
    do {
      return try Tokenizer(folder)
    } catch .folder(_, .noTokenizer) {
      return nil
    }
  }
}

struct LoadedModel {
  let checkpoint: Checkpoint
  let model: Model
  let loadTime: Duration
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
