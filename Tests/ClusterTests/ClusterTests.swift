import Testing

/// Engine and workers together. One cluster at a time: a dozen threads on two cores are enough, and silence counts as loss.
@Suite(.serialized) enum ClusterTests {}
