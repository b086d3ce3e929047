import ArgumentParser
import Dispatch
import GPT2
import LibC
import Pipeline
import Platform
import Worker
import ZeroMQ

/// A number of bytes as people write it: `4GB`, `512MiB`, `1000000`.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    guard let bytes = Quantity.bytes(argument), bytes > 0 else { return nil }
    self.bytes = bytes
  }
}
