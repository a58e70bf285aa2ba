public import Configurations
internal import Kernels
public import MPI

extension Communicator {
  /// Gives `body` these ranks as a group whose sums over samples are added up in lanes, where a training is to be
  /// reproducible; else this group. Collective.
  ///
  /// - Throws: `AgreedFailure` on every rank where the ranks of a reproducible training do not compute with the same bits.
  public func withLanes<Result>(
    of configuration: Configuration, _ body: (borrowing Communicator) throws -> Result
  ) throws -> Result {
    guard let lanes = configuration.training.lanesOfSums else { return try body(self) }
    try requireSamePlatform(for: configuration)
    let tree = LaneTree(lanes: lanes, rank: rank, ranks: ranks)
    return try withCopy(companion: LaneExchange(tree, ranks: ranks), body)
  }

  var laneExchange: LaneExchange? { companion as? LaneExchange }
}
