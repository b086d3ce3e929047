internal import GPT2
internal import Pipeline
internal import ZeroMQ

/// What a coordinator is told once.
struct CoordinatorSettings: Sendable {
  let configuration: Configuration
  /// Where it listens, as others dial it.
  let listening: String
  let workerCount: Int
  /// Workers besides, which hold blocks for when one is lost.
  var spares = 0
  /// What is done about a loss, in this order; nothing when it is empty.
  var means = RecoveryMeans.allCases
  /// Most bytes that each worker keeps of what it handed on, so that the cache of the next stage can be filled anew.
  var replayMemory = ClusterPlan.replayMemory
  /// Whether workers can be started anew.
  var restarts = false
  /// Which program this is.
  var build = ProgramVersion.current
  /// Whether workers read the very files that the coordinator reads.
  let sharesFiles: Bool
  let wishes: ClusterPlan.Wishes
  /// Most requests that wait.
  let waitingLimit: Int
  /// How long workers are waited for.
  let patience: Duration
  /// What a worker is started with besides the coordinator's address, for people.
  let workerFlags: String
  /// Whether workers that are sent home are to wait for it to come again.
  var comesAgain = false
  /// Its own public key; nil where nothing is encrypted.
  let key: CurveKey?
  /// Its machine, and the threads it computes with.
  let host: String
  let cores: Int
  let threads: Int
  /// Most micro-batches that may be under way on a link, when that is less than the plan says.
  var creditLimit = WireLimits.credits.upperBound
  /// Left out by tests, which have to notice.
  var omitted: Protections = []

  /// Workers that are waited for.
  var expected: Int { workerCount + spares }

  /// Whether workers dial in over a network or loopback, and not within this process.
  var isRemote: Bool { !listening.hasPrefix("inproc:") }

  /// Whether workers are to measure how fast they are: what they read and who they share with is known where there is but one.
  var measures: Bool { expected > 1 || !sharesFiles }
}
