internal import Kernels
internal import Networks
internal import Optimizers
internal import Ranks

/// The ranks of a machine share signals and one copy of the parameters (``NodeMemory``): each forms the sums of its part of
/// the units over the samples of all, and moves that part.
final class NodeReduction<Scalar: Real>: StepReduction {
  private let memory: NodeMemory<Scalar>
  let sums: StatisticsSums<Scalar>

  init(_ memory: NodeMemory<Scalar>) {
    self.memory = memory
    sums = StatisticsSums(parameters: memory.network.layout.count)
  }

  var kind: Reduction { .node }
  var network: Network<Scalar> { memory.network }
  var parameters: Arena<Scalar> { memory.parameters }
  var part: ParameterPart { memory.part }
  var updatesRunningAverages: Bool { memory.movesOthers }

  func begin(samples: Int, rows: Int) {
    memory.place(samples: samples)
    precondition(rows == memory.ownRows.count, "ranks that share memory get their shards of the minibatch")
  }
  var ownInputs: Matrix<Scalar> { memory.inputs[memory.ownRows] }
  var summedInputs: Matrix<Scalar> { memory.inputs.prefix(memory.rows) }
  func formsAllSums(ranks: Int) -> Bool { memory.hasAllSums }

  func addUp(
    _ bound: Bound, hasCurvature: Bool, leavingSeparable: Bool, loss: Double,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    Double(
      try memory.formSums(
        bound, leavingSeparable: leavingSeparable, into: sums.statistics(hasCurvature: hasCurvature),
        loss: Scalar(loss),
        over: ranks))
  }

  func update(
    _ rule: UpdateRule, hasCurvature: Bool, samples: Int, state: OptimizerState<Scalar>, rate: Double,
    regularization: Regularization, rest: ParameterPart?
  ) throws {
    try memory.update(
      rule, sums: sums.statistics(hasCurvature: hasCurvature), samples: samples, state: state, rate: rate,
      regularization: regularization, layout: network.layout, part: rest ?? memory.part)
  }

  func write(_ body: () -> Void) throws {
    try memory.synchronize()
    body()
    try memory.synchronize()
  }

  func whole(_ state: any StateExchange) -> any StateExchange { GatheredState(memory, state) }
}
