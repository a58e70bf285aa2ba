internal import Kernels
internal import Networks
internal import Optimizers
internal import Ranks

/// How the ranks bring their shares of a minibatch together, and the memory in which they do it.
///
/// A step has one of two: every rank has everything (``ReplicatedReduction``), or the ranks of a machine share signals and
/// parameters (``NodeReduction``).
protocol StepReduction<Scalar>: AnyObject {
  associatedtype Scalar: Real

  var kind: Reduction { get }
  var network: Network<Scalar> { get }
  /// w, in the order of the network's layout.
  var parameters: Arena<Scalar> { get }
  /// What this rank moves of them.
  var part: ParameterPart { get }
  /// Ẇ, Ẅ and the loss of the last minibatch.
  var sums: StatisticsSums<Scalar> { get }
  /// Whether this rank updates the running averages in the parameters: one copy of them has one writer.
  var updatesRunningAverages: Bool { get }

  /// Chooses this rank's rows for a minibatch.
  ///
  /// - Parameters:
  ///   - samples: of the global minibatch.
  ///   - rows: those of this rank.
  func begin(samples: Int, rows: Int)
  /// This rank's rows of inputs.
  var ownInputs: Matrix<Scalar> { get }
  /// The rows of inputs over which this rank forms sums.
  var summedInputs: Matrix<Scalar> { get }
  /// Whether the sums that this rank forms are those of all samples.
  ///
  /// - Parameter ranks: the number of ranks.
  func formsAllSums(ranks: Int) -> Bool

  /// Turns what the backward pass left in ``sums`` into the sums over all samples. Collective.
  ///
  /// - Parameters:
  ///   - hasCurvature: whether Ẅ is among them.
  ///   - leavingSeparable: whether the sums that are formed by units are left out, for weights that move where they are
  ///     formed.
  ///   - loss: of this rank's samples.
  /// - Returns: the loss of all samples.
  func addUp(
    _ bound: Bound, hasCurvature: Bool, leavingSeparable: Bool, loss: Double,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double

  /// Moves this rank's part of the parameters, so that all of them have moved. Collective where ranks share them.
  ///
  /// - Parameters:
  ///   - rest: what of the part is left to move; all of it where nil.
  func update(
    _ rule: any Optimizer, hasCurvature: Bool, samples: Int, state: OptimizerState<Scalar>, rate: Double,
    regularization: Regularization, rest: ParameterPart?
  ) throws

  /// Lets every rank write its part of the parameters in `body`, when no other reads them. Collective where ranks share
  /// them.
  func write(_ body: () -> Void) throws

  /// For arrays of which each rank may have a part: a checkpoint gets, and gives, whole ones.
  func whole(_ state: any StateExchange) -> any StateExchange
}

/// Ẅ, then Ẇ, then the sum of the losses: one array, so that one reduction adds them up, of its end alone where Ẅ is not
/// computed.
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

  /// Where they lie in ``all``.
  func place(hasCurvature: Bool) -> StatisticsPlace {
    StatisticsPlace(
      wDot: parameters..<2 * parameters, wDDot: hasCurvature ? 0..<parameters : nil, loss: 2 * parameters)
  }
}

/// How the ranks of a training bring their shares of a minibatch together.
public enum Reduction: String, Sendable {
  /// Every rank forms the sums of its samples; one reduction adds them up.
  case mpi
  /// The ranks of a machine share memory: see ``NodeMemory``.
  case node
  /// Sums are formed and added up lane by lane, in the same order for any number of ranks: see `LaneTree`.
  case lanes
}
