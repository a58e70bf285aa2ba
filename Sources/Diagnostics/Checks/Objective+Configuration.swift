public import Configurations
internal import Datasets
internal import Kernels
public import MPI
internal import Networks
internal import Ranks
private import RunRecords
public import Runs
internal import Training

extension Objective {
  /// The objective of a configuration on some of its training samples, in Double whatever the configuration's
  /// precision. Collective.
  ///
  /// - Parameters:
  ///   - run: a run folder, whose model is checked; nil for new parameters of the configuration.
  ///   - samples: the number of training samples, drawn by the configuration's seed; nil for all of them.
  ///   - withDropout: whether units are dropped, with masks of the configuration's seed and epoch 0.
  /// - Returns: the same objective on every rank.
  /// - Throws: `AgreedFailure` where a rank cannot read it, or ranks have different settings, data or parameters.
  public static func load(
    _ configuration: Configuration, run: SavedRun?, samples: Int?, withDropout: Bool, on world: borrowing Communicator,
    describe: ErrorDescription
  ) throws -> Objective {
    try world.requireSame(configuration)
    let (objective, problem) = try world.agree(describe: describe) { () throws -> (Objective, LearningProblem) in
      try configuration.prepareProducts()
      let (network, parameters, problem) = try model(configuration, run)
      let objective = try Objective(
        configuration, problem, network, parameters, samples: samples, withDropout: withDropout)
      return (objective, problem)
    }
    try world.requireSame(problem.split.digest, what: "data", remedy: "give every host the same files")
    _ = try replicaFingerprint(objective.parameters, over: world)
    try world.agree(describe: describe) {
      guard !objective.isFinite else { return }
      throw AgreedFailure(
        code: ExitCode.failed, message: "the loss is not finite at these weights and samples; there is nothing to check"
      )
    }
    return objective
  }

  private convenience init(
    _ configuration: Configuration, _ problem: LearningProblem, _ network: Network<Double>,
    _ parameters: Arena<Double>, samples: Int?, withDropout: Bool
  ) throws {
    let (training, seed) = (problem.split.training, configuration.training.seed)
    var order = EpochOrder(seed: seed, count: training.count)
    order.shuffle(epoch: 0)
    let chosen = order.positions.prefix(samples ?? training.count)
    try requireMemory(for: network, samples: chosen.count)
    let inputs = Matrix<Double>(rows: chosen.count, columns: network.inputs)
    let targets =
      problem.target == .input ? inputs : Matrix<Double>(rows: chosen.count, columns: network.outputs)
    problem.fill(training, chosen.span, inputs: inputs, targets: targets)
    self.init(
      network, parameters: parameters, inputs: inputs, targets: targets, loss: configuration.loss,
      regularization: configuration.regularization.regularization,
      masks: withDropout ? Pass.DropoutMasks(seed: UInt64(seed), epoch: 0) : nil, ids: Array(chosen))
  }

  static func model(
    _ configuration: Configuration, _ run: SavedRun?
  ) throws -> (Network<Double>, Arena<Double>, LearningProblem) {
    if let run {
      let (model, problem) = try run.load(as: Double.self)
      return (model.network, model.parameters, problem)
    }
    let problem = try LearningProblem(configuration)
    let network = try Network<Double>(configuration.network, inputShape: problem.shape)
    try problem.check(outputs: network.outputs)
    let parameters = network.initialParameters(
      configuration.training.initialization, seed: UInt64(configuration.training.seed))
    return (network, parameters, problem)
  }
}
