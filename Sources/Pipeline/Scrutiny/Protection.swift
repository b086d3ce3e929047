/// What keeps a cluster from harm. The simulator leaves each out, to see that it notices.
public enum Protection: UInt8, CaseIterable, Hashable, Sendable {
  // Data links.
  /// No message of a link is lost or comes twice unseen.
  case dataNumbers
  /// What is of another plan does not get in.
  case dataEpoch
  /// A pass goes only where there is room for it.
  case credit
  /// A link over which nothing comes is lost.
  case dataSilence
  /// A link that does not come about is given up.
  case linkPatience
  /// Of a link that is lost again and again one end is given up.
  case brokenLink

  // Control links.
  /// No message of a worker is lost or comes twice unseen.
  case controlNumbers
  /// No message of the coordinator is lost or comes twice unseen.
  case coordinatorNumbers
  /// What workers say of another plan is not taken for the present one's, nor what they are sent.
  case controlEpoch
  /// A worker of which nothing is heard is lost.
  case controlSilence
  /// A worker that does not take up its stage is lost.
  case assignmentPatience
  /// Nobody is lost for a time in which this process did not listen.
  case forgiveness
  /// Whoever joins again does so under another name.
  case incarnation
  /// Whoever was given up is told to join again.
  case joiningAgain
  /// A process that joins again is no more what it was.
  case replacing

  // Work.
  /// A pass has to come back in time.
  case deadline
  /// A request that two workers died of is no third one's.
  case suspicion
  /// What may be to blame is alone in the pipe.
  case solitude
  /// Nothing is to blame for a worker that comes again; and it has time to come.
  case acquittal, returning
  /// What the reader has is not delivered again.
  case delivered
  /// Slots that are given back are empty at every stage.
  case releasedSlots
  /// Those are given back again that stages had not heard of.
  case lostReleases
  /// Caches count only where all stages but one have theirs, and none that was being filled anew.
  case keptCaches, wholeCaches
  /// No rows are asked for but those that are kept.
  case keptSlots
  /// Who asks to go is let go when the pipe is empty.
  case draining
  /// No more positions are taken than every stage has memory for.
  case budget
  /// A worker that comes to nothing is not started anew for ever.
  case startLimit
}

public typealias Protections = SmallSet<Protection>
