import ArgumentParser
import DemoModel
import GPT2

/// Which model answers, and with how many threads.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Folder with the checkpoint. Without it, the built-in demo model.", valueName: "dir"),
    completion: .directory)
  var model: String?

  @Option(help: ArgumentHelp("Threads that compute. (default: the cores this process may use)", valueName: "n"))
  var threads: Int?

  mutating func validate() throws {
    if model?.isEmpty == true { throw ValidationError("--model is empty; give the folder of a checkpoint") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
  }

  var folder: CheckpointFolder { model.map { CheckpointFolder(path: $0) } ?? .demo }

  /// Starts to load the model, so that prompts can be read and checked meanwhile.
  func startLoading(slotCount: Int) -> Pending<LoadedModel> {
    let (folder, threads) = (folder, threads ?? ThreadPool.availableCores)
    return Pending {
      let start = ContinuousClock.now
      let checkpoint = try Checkpoint(folder)
      let model = try Model(
        checkpoint, slotCount: slotCount, kernels: Kernels.selected(), pool: ThreadPool(threadCount: threads))
      return LoadedModel(checkpoint: checkpoint, model: model, loadTime: .now - start)
    }
  }

  /// The checkpoint's tokenizer; nil where it has none, or where it cannot be used and need not be.
  func tokenizer(isNeeded: Bool = true) throws -> Tokenizer? {
    do throws(TokenizerError) {
      return try Tokenizer(folder)
    } catch .folder(_, .noTokenizer) {
      return nil
    } catch {
      if isNeeded { throw error }
      Terminal.note("gpt2: going on without a tokenizer: \(error)")
      return nil
    }
  }
}

struct LoadedModel {
  let checkpoint: Checkpoint
  let model: Model
  let loadTime: Duration

  /// What was loaded, in a line for a person.
  var summary: String {
    "\(checkpoint.folder.name): \(count(checkpoint.configuration.layerCount, "block")), read \(bytes(model.weightBytesRead)) in "
      + "\(loadTime.short); \(model.kernels.name), \(count(model.pool.threadCount, "thread"))"
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
