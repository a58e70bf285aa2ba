/// How the ranks of a training bring their shares of a minibatch together.
public enum Reduction: String, Sendable {
  /// Every rank forms the sums of its samples; one reduction adds them up.
  case mpi
  /// The ranks of a machine share memory: see ``NodeMemory``.
  case node
  /// Sums are formed and added up lane by lane, in the same order for any number of ranks: see `LaneTree`.
  case lanes
}
