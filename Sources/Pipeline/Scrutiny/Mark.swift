/// A place of recovery code that the simulator has to reach; a run of it that does not is of no use.
public enum Mark: UInt8, CaseIterable, Hashable, Sendable {
  // A loss.
  /// While the stages load; while the loss before it is not over.
  case lostLoading, lostAgain
  /// A cut link waited to be explained, and was by a worker that is gone, or was not.
  case cutExplained, cutAlone
  /// A link failed, and nothing is heard of the worker behind it.
  case absentBlamed
  /// A pass did not come back in time: a stage has it, or a link.
  case overdueStage, overdueLink
  /// A worker holds a pass and does nothing; a worker did not take up its stage.
  case stalled, assignmentIgnored, loadingStuck
  case firstUnreachable, firstUnreached, dialedAgain
  /// A worker is given up that may be there, and one of a link that fails again and again.
  case givenUp, linkGivenUp
  /// This process was held up.
  case forgiven

  // What is done about it.
  case sameWorkers, filledBySpare, filledByNewcomer, dealtOutAnew, waited
  case startedAnew, startedAgain, startLimitReached
  /// Too few blocks fit.
  case planImpossible
  case recovered
  /// A spare holds all blocks, or the slice of a stage; or is left alone since it loads.
  case spareHoldsAll, spareHoldsSlice, spareLoads

  // Who is to blame.
  case autopsyAtOnce, autopsyLater, suspected, foundPoisonous
  /// A suspect is sent; others wait for it; it waits for others; it got on.
  case suspectSent, suspectAlone, suspectWaits, suspectCleared

  // Requests.
  case suspendedWritten, suspendedRead
  /// Some of a suspended request was delivered before.
  case scoresRewound, statesRewound
  case wentOn, refilled
  /// There is less room than before.
  case suspendedWaits, suspendedCancelled

  // Coming and going.
  case spareJoined, spareLost, strangerTold
  case improved, slow
  case drained, drainedLate, leftWithoutStage, leftInRecovery
  /// Something of an earlier plan came late, on control links and data links.
  case controlFenced, dataFenced

  // A worker.
  case joinsAgainWhenGivenUp, joinsAgainWhenCut, joinsAgainWhenSilent
  case detachedIncoming, detachedOutgoing, detachedUnreached
  case leavesUnwelcome, leftUnanswered
}

public typealias Marks = SmallSet<Mark>
