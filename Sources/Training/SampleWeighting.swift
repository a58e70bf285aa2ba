public import Kernels
internal import MPI
public import Networks
public import Ranks

/// What goes on beside the steps of a ``TrainingLoop`` whose samples have weights: it sets the weights of each minibatch,
/// and learns them from the steps that are taken.
///
/// Everything is the same on every rank. Its state is part of the loop's checkpoints.
public protocol SampleWeighting<Scalar>: AnyObject, Resumable {
  associatedtype Scalar: Real

  /// What the loss of each training sample is multiplied by, by position.
  var effective: Arena<Scalar> { get }

  /// The network that validation and test set evaluate in place of the loop's own: the student of three levels; else nil.
  var evaluated: (step: TrainingStep<Scalar>, loss: Loss)? { get }

  /// Before the statistics of a minibatch: sets its weights.
  ///
  /// - Parameter batch: positions, those of all ranks together.
  func prepare(_ batch: Span<Int32>)

  /// After the update of a training step: learns. Collective.
  ///
  /// - Parameters:
  ///   - step: the loop's.
  ///   - t: the step of the whole run, counted from 0.
  /// - Returns: what is not finite, and was not applied; nil where all numbers are.
  func follow(
    _ step: TrainingStep<Scalar>, _ batch: Span<Int32>, epoch: Int, step t: Int, plan: TrainingPlan,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> String?

  /// Keeps weights and networks as they are.
  func keepGood()

  /// Puts those of the last ``keepGood()`` back.
  func restoreGood()

  /// Makes sure that every rank has the same weights and networks. Collective.
  ///
  /// - Parameter step: the step of a run after which it is looked, for the message.
  /// - Throws: `AgreedFailure` on every rank, naming the ranks that differ from rank 0.
  func compareReplicas(after step: Int?, over world: RankGroup) throws
}
