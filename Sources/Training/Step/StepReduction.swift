internal import Kernels
internal import Networks
internal import Optimizers
internal import Ranks

/// How the ranks combine their shares of a minibatch, and the memory for it.
///
/// There are two kinds: every rank has everything (``ReplicatedReduction``), or the ranks of a machine share signals
/// and parameters (``NodeReduction``).
protocol StepReduction<Scalar>: AnyObject {
  associatedtype Scalar: Real

  var kind: Reduction { get }
  var network: Network<Scalar> { get }
  /// w, in the order of the network's layout.
  var parameters: Arena<Scalar> { get }
  /// The part of the parameters that this rank updates.
  var part: ParameterPart { get }
  /// Ẇ, Ẅ and the loss of the last minibatch.
  var sums: StatisticsSums<Scalar> { get }
  /// Whether this rank is one of those whose parts together are all parameters, each once.
  ///
  /// - Parameter rank: among all ranks.
  func isOfFirstCopy(rank: Int) -> Bool
  /// Whether this rank updates the running averages among the parameters: one copy of them has one writer.
  var updatesRunningAverages: Bool { get }

  /// Chooses this rank's rows for a minibatch.
  ///
  /// - Parameters:
  ///   - samples: the size of the global minibatch.
  ///   - rows: the number of this rank's rows.
  func begin(samples: Int, rows: Int)
  /// This rank's rows of inputs.
  var ownInputs: Matrix<Scalar> { get }
  /// The rows of inputs over which this rank forms sums.
  var summedInputs: Matrix<Scalar> { get }
  /// Whether the sums that this rank forms cover all samples.
  ///
  /// - Parameter ranks: the number of ranks.
  func formsAllSums(ranks: Int) -> Bool

  /// Turns the sums of the backward pass in ``sums`` into the sums over all samples. Collective.
  ///
  /// - Parameters:
  ///   - hasCurvature: whether Ẅ is among the sums.
  ///   - leavingSeparable: whether to leave out the sums that are formed by units, because the product kernel itself
  ///     updates the weights.
  ///   - loss: the loss of this rank's samples.
  /// - Returns: the loss of all samples.
  func addUp(
    _ bound: Bound, hasCurvature: Bool, leavingSeparable: Bool, loss: Double,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double

  /// Updates this rank's part of the parameters; afterwards all parameters are updated. Collective where ranks share
  /// them.
  ///
  /// - Parameters:
  ///   - rest: the elements of the part that still need the update; nil for the whole part.
  func update(
    _ rule: any Optimizer, hasCurvature: Bool, samples: Int, state: OptimizerState<Scalar>, rate: Double,
    regularization: Regularization, rest: ParameterPart?
  ) throws

  /// Calls `body`, in which every rank writes its part of the parameters, while no other rank reads them. Collective
  /// where ranks share them.
  func write(_ body: () -> Void) throws

  /// Wraps a state for arrays of which each rank may have only a part: checkpoints write and return whole arrays.
  func whole(_ state: any StateExchange) -> any StateExchange
}

extension StepReduction {
  /// The sums of the last minibatch, with the exponents of Ẅ.
  func statistics(hasCurvature: Bool) -> StatisticsSlice<Scalar> {
    let slice = sums.statistics(hasCurvature: hasCurvature)
    return StatisticsSlice(
      wDot: slice.wDot, wDDot: slice.wDDot, exponents: hasCurvature ? network.curvatureExponents : [])
  }
}

/// Ẅ, then Ẇ, then the sum of the losses, in one array, so that one reduction adds them up. Where Ẅ is not computed,
/// the reduction covers only the array's end.
struct StatisticsSums<Scalar: Real> {
  /// [2 · parameters + 1].
  let all: SampleSums<Scalar>
  /// Ẇ and the loss.
  let firstOrder: SampleSums<Scalar>
  private let parameters: Int

  init(parameters: Int) {
    self.parameters = parameters
    all = SampleSums(count: 2 * parameters + 1)
    firstOrder = SampleSums(all.values[parameters..<2 * parameters + 1])
  }

  var wDDot: Vector<Scalar> { all.values[0..<parameters] }
  var wDot: Vector<Scalar> { all.values[parameters..<2 * parameters] }
  var loss: Double { Double(all.values[2 * parameters]) }

  func statistics(hasCurvature: Bool) -> StatisticsSlice<Scalar> {
    StatisticsSlice(wDot: wDot, wDDot: hasCurvature ? wDDot : nil)
  }

  /// The places of the sums in ``all``.
  func place(hasCurvature: Bool) -> StatisticsPlace {
    StatisticsPlace(
      wDot: parameters..<2 * parameters, wDDot: hasCurvature ? 0..<parameters : nil, loss: 2 * parameters)
  }
}

/// How the ranks of a training combine their shares of a minibatch.
public enum Reduction: String, Sendable {
  /// Every rank forms the sums of its samples; one reduction adds them up.
  case mpi
  /// The ranks of a machine share memory: see ``NodeMemory``.
  case node
  /// Sums are formed and added up lane by lane, in the same order for any number of ranks: see `LaneTree`.
  case lanes
}
