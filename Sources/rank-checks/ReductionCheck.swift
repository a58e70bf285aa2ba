internal import Configurations
import Datasets
import Kernels
import MPI
internal import Networks
internal import Ranks
import Training

/// Makes sure that every way to bring the ranks' shares together trains the same parameters, with every optimizer, and on
/// several machines, for which ranks of one machine stand in.
func checkReductions(_ world: borrowing Communicator) throws {
  for settings in ReductionCase.settings {
    for batch in settings.batches {
      let check = try ReductionCase(settings, batch: batch)
      let alone = try check.train(.mpi, over: world, alone: true)
      var trained = [("mpi", try check.train(.mpi, over: world)), ("node", try check.train(.node, over: world))]
      for k in [1, 2, 4] where world.ranks > k && world.ranks.isMultiple(of: k) {
        let neighbours = try check.train(.node, over: world, colour: world.rank / k)
        let roundRobin = try check.train(.node, over: world, colour: world.rank % (world.ranks / k))
        trained += [("machines of \(k) neighbours", neighbours), ("machines of \(k), round robin", roundRobin)]
      }
      for (name, parameters) in trained {
        let difference = greatestDifference(parameters, alone)
        guard difference <= ReductionCase.tolerance else {
          throw Planted(
            description: "\(name) on \(world.ranks) ranks, batch \(batch), is off by \(difference): \(settings.keys)")
        }
      }
    }
  }
  // The tolerance can fail: one sample of a thousand that counts a millionth more would be seen.
  let (check, other) = (
    try ReductionCase(.init([]), batch: 37), try ReductionCase(.init(["regularization.l2=1e-8"]), batch: 37)
  )
  let difference = greatestDifference(
    try check.train(.node, over: world), try other.train(.node, over: world))
  guard difference > ReductionCase.tolerance else { throw Planted(description: "a wrong gradient would not be seen") }
}

/// Trains where the last rank has a machine of its own and the others share one, and prints the reduction that was used.
func trainOnUnevenMachines(_ world: borrowing Communicator, _ method: ReductionConfiguration.Method) throws {
  var configuration = try ConfigurationSource(preset: .standard, settings: ["training.epochs=1"]).configuration()
  configuration.reduction.method = method
  let colour = world.rank == world.ranks - 1 ? 1 : 0
  try world.withGroup(for: configuration) { group in
    try group.withTrainingLoop(
      configuration, problem: try LearningProblem(configuration), colour: colour, as: Float.self, describe: describe
    ) { loop in
      _ = try loop.run(over: group)
      if group.rank == 0 { print(loop.reduction.rawValue) }
    }
  }
}

/// A short training of the digits in Double.
private struct ReductionCase {
  struct Settings {
    let keys: [String]
    let batches: [Int]

    init(_ keys: [String], batches: [Int] = [37]) { (self.keys, self.batches) = (keys, batches) }
  }

  /// A sum of n numbers in another order differs by n roundings at most, here n ≤ 479 + 64 of 1.1e-16; ten steps add that
  /// up, and the quotients of the optimizers magnify it, by less than 20.
  static let tolerance = 1e-11
  static let steps = 10
  /// Branches that begin and end with layers that work in place, within each other and at the input.
  private static let residual =
    "network=[flatten, {residual: [{dense: 5}, tanh, {dense: 64}]}, {dense: 8}, {residual: [batchNorm, relu, {dense: 8}, "
    + "{residual: [{dropout: 0.8}, {dense: {outputs: 8, bias: false}}, tanh]}]}, elu, {dense: 10}]"
  /// Units that no number of ranks divides, some fewer than 8.
  static let network = "network=[{dense: 7}, tanh, {dense: {outputs: 5, bias: false}}, softplus, {dense: 10}]"
  /// Not on the inputs, some of which are constant: what is normalised there is rounding.
  static let normalized =
    "network=[{dense: 9}, batchNorm, tanh, {dropout: 0.8}, {dense: 6}, relu, batchNorm, {dense: 10}]"

  /// With exponents (M32) in Double too.
  private static let deep =
    "network=[" + String(repeating: "{dense: 20}, swish, ", count: 160) + "{dense: 10}]"

  static let settings = [
    // Fewer samples than ranks; more than one size of minibatch: 1,438 leave one sample.
    Settings([], batches: [3, 37, 479]),
    Settings(["optimizer.partition=weight"], batches: [3, 37, 479]),
    Settings(["optimizer={partition: weight, lengths: measured}"]),
    Settings(["optimizer={name: sgd, learningRate: 0.1}"], batches: [3, 37]),
    Settings(["optimizer={name: momentum, learningRate: 0.5}", "regularization={l1: 1e-4, l2: 1e-3}"]),
    Settings(["optimizer.name=adam"]),
    Settings(["optimizer.name=rmsprop"]),
    Settings(["optimizer.learningRate=1", "regularization.l1=1e-4"], batches: [3, 37, 479]),
    Settings(["optimizer.learningRate=1", "optimizer.bound=full"]),
    Settings(["optimizer={partition: weight, curvatureEvery: 4, bound: full}"]),
    Settings(["optimizer={partition: weight, layerScale: unit, lossPartition: general}"]),
    Settings([normalized], batches: [37]),
    Settings([normalized, "optimizer={partition: weight, bound: full, curvatureEvery: 3}"]),
    Settings([normalized, "optimizer={name: sgd, learningRate: 0.1}"], batches: [5]),
    Settings([residual], batches: [37]),
    Settings([residual, "optimizer.bound=full", "optimizer.learningRate=1"], batches: [5]),
    Settings([residual, "optimizer.name=adam"], batches: [37]),
    Settings(["optimizer.lengths=found", "regularization.l2=1e-3"], batches: [3, 37, 479]),
    Settings([normalized, "optimizer={partition: unit, curvatureEvery: 3, learningRate: 0.01}"], batches: [37]),
    Settings(
      [residual, "optimizer={partition: unit, curvaturePower: 1, layerScale: none, learningRate: 0.5}"], batches: [37]),
    Settings([deep, "training.initialization=he", "optimizer.layerScale=unit", "optimizer.learningRate=1e-3"]),
    Settings([deep, "training.initialization=he", "optimizer={partition: unit, learningRate: 1e-3}"]),
    Settings(["data.target=input", "loss=squaredError", "network=[{dense: 9}, tanh, {dense: 64}]"]),
  ]

  private let keys: [String]
  private let configuration: Configuration
  private let problem: LearningProblem
  private let plan: TrainingPlan

  init(_ settings: Settings, batch: Int) throws {
    keys = settings.keys
    configuration = try ConfigurationSource(
      preset: .standard, settings: [Self.network, "training.precision=float64"] + settings.keys
    ).configuration()
    problem = try LearningProblem(configuration)
    plan = TrainingPlan(samples: problem.split.training.count, batch: batch, lastBatch: .keep, steps: Self.steps)
  }

  /// The trained parameters.
  ///
  /// - Parameter alone: whether this rank takes all samples.
  func train(
    _ method: ReductionConfiguration.Method, over world: borrowing Communicator, colour: Int? = nil, alone: Bool = false
  ) throws -> [Double] {
    if alone {
      let loop = try TrainingLoop<Double>(configuration, problem: problem, plan: plan, ranks: 1)
      _ = try loop.run(over: SingleRank())
      let hasExponents = loop.step.network.curvatureExponents.contains { $0 != 0 }
      guard hasExponents == keys.contains(Self.deep) else { throw Planted(description: "exponents: \(hasExponents)") }
      return loop.step.parameters.all.array
    }
    var settings = configuration
    settings.reduction.method = method
    return try world.withGroup(for: settings) { group in
      try group.withTrainingLoop(
        settings, problem: problem, plan: plan, colour: colour, as: Double.self, describe: describe
      ) { loop in
        guard group.ranks == 1 || loop.reduction.rawValue == method.rawValue else {
          throw Planted(description: "\(method.rawValue) was asked for, not \(loop.reduction.rawValue)")
        }
        let outcome = try loop.run(over: group)
        guard outcome.steps == Self.steps else { throw Planted(description: "training diverged") }
        _ = try replicaFingerprint(loop.step.parameters, over: group)
        return loop.step.parameters.all.array
      }
    }
  }
}
