import GPT2
import TestSupport

extension TemporaryFolder {
  var checkpointFolder: CheckpointFolder { CheckpointFolder(path: path) }
}
