package import Kernels
internal import Networks
internal import Optimizers
package import Ranks

/// The ranks of a machine share signals and one copy of the parameters (``NodeMemory``): each rank forms the sums of
/// its part of the units over the samples of all ranks, and updates that part.
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
  func isOfFirstCopy(rank: Int) -> Bool { memory.isOfFirstMachine }

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
    _ rule: any Optimizer, hasCurvature: Bool, samples: Int, state: OptimizerState<Scalar>, rate: Double,
    regularization: Regularization, rest: ParameterPart?
  ) throws {
    try memory.update(
      rule, sums: statistics(hasCurvature: hasCurvature), samples: samples, state: state, rate: rate,
      regularization: regularization, layout: network.layout, part: rest ?? memory.part)
  }

  func write(_ body: () -> Void) throws {
    try memory.synchronize()
    body()
    try memory.synchronize()
  }

  func whole(_ state: any StateExchange) -> any StateExchange { GatheredState(memory, state) }
}

/// The state of a training whose ranks share memory: each rank has only the array elements that it updates, and the
/// checkpoint gets the whole arrays.
///
/// The elements are copied, not added up, so that −0 and the bits of a NaN stay the same. On resume every rank gets the
/// whole array and uses its own part, whatever the parts are then.
package final class GatheredState<Element: Real>: StateExchange {
  private let memory: NodeMemory<Element>
  private let state: any StateExchange

  package init(_ memory: NodeMemory<Element>, _ state: any StateExchange) {
    (self.memory, self.state) = (memory, state)
  }

  package var isTaking: Bool { state.isTaking }
  package var prefix: String {
    get { state.prefix }
    set { state.prefix = newValue }
  }

  package func array<Scalar: Real>(_ name: String, _ values: Vector<Scalar>) throws {
    if !isTaking { try memory.gather(values) }
    try state.array(name, values)
  }

  package func numbers(_ name: String, _ values: inout [Int]) throws { try state.numbers(name, &values) }
  package func numbers(_ name: String, _ values: inout [Double]) throws { try state.numbers(name, &values) }

  package func sparseNumbers(_ name: String, _ values: inout [Int]) throws { try state.sparseNumbers(name, &values) }

  package func parameters<Scalar: Real>(_ blocks: [StateBlock], _ values: Vector<Scalar>) throws {
    try state.parameters(blocks, values)
  }
}
