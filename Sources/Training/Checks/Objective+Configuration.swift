private import BLAS
internal import Datasets
internal import Kernels
private import Networks
private import RunRecords

extension Objective {
  /// The objective of a configuration on some of its training samples, in Double whatever the configuration's precision.
  ///
  /// - Parameters:
  ///   - run: a run folder, whose model is looked at; new parameters of the configuration where nil.
  ///   - withDropout: whether units are dropped, by masks of the configuration's seed and epoch 0.
  ///   - samples: how many training samples, drawn by the configuration's seed; all of them where nil.
  /// - Throws: ``ConfigurationError``, `NetworkError`, `DatasetError` and the errors of a run's files.
  public convenience init(
    _ configuration: Configuration, run: SavedRun? = nil, withDropout: Bool = false, samples: Int?
  ) throws {
    BLASLibrary.setThreads(configuration.training.blasThreads)
    let seed = configuration.training.seed
    let (network, parameters, problem) = try Self.model(configuration, run)
    let training = problem.split.training
    var order = EpochOrder(seed: seed, count: training.count)
    order.shuffle(epoch: 0)
    let chosen = order.positions.prefix(samples ?? training.count)
    let inputs = Matrix<Double>(rows: chosen.count, columns: network.inputs)
    let targets =
      problem.target == .input ? inputs : Matrix<Double>(rows: chosen.count, columns: network.outputs)
    problem.fill(training, chosen.span, inputs: inputs, targets: targets)
    self.init(
      network, parameters: parameters, inputs: inputs, targets: targets, loss: configuration.loss,
      regularization: configuration.regularization.regularization,
      masks: withDropout ? Pass.DropoutMasks(seed: UInt64(seed), epoch: 0) : nil, ids: Array(chosen))
  }

  private static func model(
    _ configuration: Configuration, _ run: SavedRun?
  ) throws -> (Network<Double>, Arena<Double>, LearningProblem) {
    if let run {
      let (model, problem) = try run.load(as: Double.self)
      let layers = try LayerConfiguration.resolve(configuration.network, inputs: problem.features)
      guard layers == model.network.configuration else {
        throw ConfigurationError(
          "network: the settings are not those of the run's model; leave network as the run has it")
      }
      return (model.network, model.parameters, problem)
    }
    let problem = try LearningProblem(configuration)
    let network = try Network<Double>(configuration.network, inputs: problem.features)
    try problem.check(outputs: network.outputs)
    let parameters = network.initialParameters(
      configuration.training.initialization, seed: UInt64(configuration.training.seed))
    return (network, parameters, problem)
  }
}
