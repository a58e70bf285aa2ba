public import Kernels
internal import MPI
public import Networks
public import Ranks

/// Work beside the steps of a ``TrainingLoop`` whose samples have weights: it sets the weights of each minibatch, and
/// learns them from the steps.
///
/// Everything is the same on every rank. Its state is part of the loop's checkpoints.
public protocol SampleWeighting<Scalar>: AnyObject, Resumable {
  associatedtype Scalar: Real

  /// The factor of each training sample's loss, by position.
  var effective: Arena<Scalar> { get }

  /// The network that is evaluated on validation and test set in place of the loop's network: with three levels the
  /// student; otherwise nil.
  var evaluated: (step: TrainingStep<Scalar>, loss: Loss)? { get }

  /// Sets the weights of a minibatch, before its statistics are computed.
  ///
  /// - Parameter batch: the positions of all ranks' samples together.
  func prepare(_ batch: Span<Int32>)

  /// Learns from a training step, after its update. Collective.
  ///
  /// - Parameters:
  ///   - step: the loop's step.
  ///   - t: the number of the step in the whole run, counted from 0.
  /// - Returns: the quantity that is not finite, and was therefore not applied; nil where all numbers are finite.
  func follow(
    _ step: TrainingStep<Scalar>, _ batch: Span<Int32>, epoch: Int, step t: Int, plan: TrainingPlan,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> String?

  /// Keeps copies of the present weights and networks.
  func keepGood()

  /// Restores the copies of the last ``keepGood()``.
  func restoreGood()

  /// Checks that every rank has the same weights and networks. Collective.
  ///
  /// - Parameter step: the step of the run that came before this check, for the message.
  /// - Throws: `AgreedFailure` on every rank, naming the ranks that differ from rank 0.
  func compareReplicas(after step: Int?, over world: RankGroup) throws
}
