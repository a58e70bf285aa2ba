internal import Kernels
internal import Networks
internal import Optimizers
internal import Ranks

/// Every rank forms the sums of its samples, one reduction adds them up — whole, or lane by lane — and every rank makes
/// the same update of all parameters.
final class ReplicatedReduction<Scalar: Real>: StepReduction {
  let kind: Reduction
  let network: Network<Scalar>
  let parameters: Arena<Scalar>
  let part: ParameterPart
  let sums: StatisticsSums<Scalar>
  /// The exchange by which Ẅ travels as bfloat16; nil where it does not.
  private let exchange: BFloat16Exchange?
  private let inputs: Matrix<Scalar>
  private var rows = 0

  /// - Parameters:
  ///   - capacity: the most samples that a rank gets of one minibatch.
  ///   - byLanes: whether sums are formed lane by lane; the group of ranks must then have the lanes.
  ///   - roundsCurvature: whether Ẅ travels as bfloat16.
  init(
    _ network: Network<Scalar>, _ parameters: Arena<Scalar>, capacity: Int, byLanes: Bool, roundsCurvature: Bool
  ) {
    (self.network, self.parameters, part) = (network, parameters, .all(network.layout))
    kind = byLanes ? .lanes : .mpi
    network.reserve(samples: capacity)
    sums = StatisticsSums(parameters: network.layout.count)
    exchange = roundsCurvature ? BFloat16Exchange(elements: network.layout.count) : nil
    inputs = Matrix(rows: capacity, columns: network.inputs)
  }

  var updatesRunningAverages: Bool { true }
  func isOfFirstCopy(rank: Int) -> Bool { rank == 0 }

  func begin(samples: Int, rows: Int) { self.rows = rows }
  var ownInputs: Matrix<Scalar> { inputs.prefix(rows) }
  var summedInputs: Matrix<Scalar> { ownInputs }
  func formsAllSums(ranks: Int) -> Bool { ranks == 1 }

  func addUp(
    _ bound: Bound, hasCurvature: Bool, leavingSeparable: Bool, loss: Double,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    if hasCurvature, let exchange, let wDDot = sums.wDDot as? Vector<Float> {
      try ranks.sum(sums.firstOrder.values)
      try ranks.sumNonNegative(wDDot, through: exchange)
    } else {
      try sums.all.addUp(hasCurvature ? nil : network.layout.count..<sums.all.values.count, over: ranks)
    }
    return sums.loss
  }

  func update(
    _ rule: any Optimizer, hasCurvature: Bool, samples: Int, state: OptimizerState<Scalar>, rate: Double,
    regularization: Regularization, rest: ParameterPart?
  ) {
    rule.update(
      parameters.all, sums: statistics(hasCurvature: hasCurvature), samples: samples, state: state, rate: rate,
      regularization: regularization, layout: network.layout, part: rest)
  }

  func write(_ body: () -> Void) { body() }
  func whole(_ state: any StateExchange) -> any StateExchange { state }
}
