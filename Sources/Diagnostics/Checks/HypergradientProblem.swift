public import Configurations
internal import Datasets
public import Hypergradients
public import Kernels
public import MPI
internal import Networks
internal import Ranks
internal import Reweighting
public import Runs
internal import Training

/// A chain on a configuration's own network and data, in Double: the case that the check of hypergradients examines.
///
/// The teacher is the configuration's network and learns with its loss; the student is the network of
/// `reweight.student`, or the same network. The loss of the chain's last network also evaluates the validation set.
/// Samples are drawn by the seed: weighted examples and, for three levels, unlabelled inputs and pairs from the
/// training set, one after the other; validation samples from the validation set, or from the training set where there
/// is no validation set.
public struct HypergradientProblem {
  /// ξ of a step by the mean over the samples, and κ.
  static let rate = 0.1
  static let pairWeight = 0.5

  private let chain: Chain
  private let chainCase: ChainCase<Double>
  private let groups: (teacher: ParameterGroups, student: ParameterGroups)
  /// The number of samples of each kind.
  public let samples: Int

  /// Reads data and parameters. Collective.
  ///
  /// - Parameters:
  ///   - run: a run folder, whose model is the teacher; nil for new parameters of the configuration. The student has
  ///     the parameters from which `reweight` starts it.
  ///   - levels: 2 or 3.
  ///   - groups: the blocks of both networks; nil for those of `reweight` without their radii.
  ///   - samples: the number of samples of each kind.
  /// - Throws: `AgreedFailure` where a rank cannot read them, or ranks have different settings, data or parameters.
  public static func load(
    _ configuration: Configuration, run: SavedRun?, levels: Int, groups: ParameterGroups?, samples: Int,
    on world: borrowing Communicator, describe: ErrorDescription
  ) throws -> HypergradientProblem {
    try world.requireSame(configuration)
    let (found, parameters, digest) = try world.agree(describe: describe) {
      () throws -> (HypergradientProblem, Arena<Double>, String) in
      try configuration.prepareProducts()
      let (network, parameters, problem) = try Objective.model(configuration, run)
      let found = try HypergradientProblem(
        configuration, problem, network, parameters, levels: levels, groups: groups, samples: samples)
      // An impossible chain is refused here, where every rank gets the error.
      for strategy in Strategy.allCases { _ = try found.hypergradient(strategy, radius: 0.01) }
      return (found, parameters, problem.split.digest)
    }
    try world.requireSame(digest, what: "data", remedy: "give every host the same files")
    _ = try replicaFingerprint(parameters, over: world)
    return found
  }

  private init(
    _ configuration: Configuration, _ problem: LearningProblem, _ network: Network<Double>,
    _ parameters: Arena<Double>, levels: Int, groups: ParameterGroups?, samples: Int
  ) throws {
    self.samples = samples
    let (own, settings) = (configuration.ofStudent, configuration.reweight ?? ReweightConfiguration())
    self.groups = (
      teacher: groups ?? settings.blocks.withoutRadii,
      student: groups ?? (settings.student.blocks ?? settings.blocks).withoutRadii
    )
    let student: Network<Double>? = levels == 3 ? try problem.studentNetwork(own) : nil
    chain = Chain(
      teacher: Learner(layers: network.configuration, inputShape: network.inputShape, loss: configuration.loss),
      student: student.map { Learner(layers: $0.configuration, inputShape: $0.inputShape, loss: own.loss) },
      validationLoss: levels == 3 ? own.loss : configuration.loss)
    try requireMemory(for: network, samples: samples)

    let (split, seed) = (problem.split, configuration.training.seed)
    var order = EpochOrder(seed: seed, count: split.training.count)
    order.shuffle(epoch: 0)
    /// The samples of one kind; small sets are used repeatedly.
    func drawn(_ kind: Int) -> [Int32] {
      (0..<samples).map { order.positions[(kind * samples + $0) % order.positions.count] }
    }
    func filled(_ subset: Subset, _ positions: [Int32]) -> Samples<Double> {
      let inputs = Matrix<Double>(rows: samples, columns: network.inputs)
      let targets = problem.target == .input ? inputs : Matrix<Double>(rows: samples, columns: network.outputs)
      problem.fill(subset, positions.span, inputs: inputs, targets: targets)
      return Samples(inputs: inputs, targets: targets)
    }
    let validation =
      split.validation.map { subset in filled(subset, (0..<samples).map { Int32($0 % subset.count) }) }
      ?? filled(split.training, drawn(1))
    var samplesOfAll = ChainSamples(
      training: filled(split.training, drawn(0)), validation: validation,
      masks: Pass.DropoutMasks(seed: UInt64(seed), epoch: 0), trainingIDs: drawn(0), unlabelledIDs: drawn(2))
    if levels == 3 {
      samplesOfAll.unlabelled = filled(split.training, drawn(2)).inputs
      samplesOfAll.pairs = filled(split.training, drawn(3))
      samplesOfAll.pairWeight = Self.pairWeight
    }
    let weights = Arena<Double>(count: samples)
    let random = RandomStream(seed: UInt64(seed), .check, levels)
    for k in 0..<samples { weights.all[k] = 0.5 + random.uniform(k) }
    let rate = Self.rate / Double(samples)
    let start = RandomStream(seed: UInt64(seed), .student)[0]
    chainCase = ChainCase(
      teacher: (parameters.all, rate),
      student: student.map { ($0.initialParameters(configuration.training.initialization, seed: start).all, rate) },
      weights: weights.all, samples: samplesOfAll)
  }

  private func hypergradient(_ strategy: Strategy, radius: Double) throws -> Hypergradient<Double> {
    try Hypergradient(
      chain, strategy: strategy, teacherGroups: groups.teacher, studentGroups: groups.student, radius: radius)
  }

  /// ∂L/∂a, computed by a strategy; the same on every rank. Collective.
  public func estimate(
    _ strategy: Strategy, radius: Double, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> HypergradientCheck.Estimate {
    let hypergradient = try hypergradient(strategy, radius: radius)
    hypergradient.watchesKinks = true
    let values = try hypergradient.compute(chainCase, over: ranks).hypergradient.array
    let crossings = Arena<Double>(count: 1)
    crossings.all[0] = Double(hypergradient.kinkCrossings)
    try ranks.sum(crossings.all)
    return HypergradientCheck.Estimate(values: values, crossesKinks: crossings.all[0] > 0)
  }
}

extension ParameterGroups {
  /// The same groups with the common radius.
  fileprivate var withoutRadii: ParameterGroups {
    guard case .named(let groups) = self else { return self }
    return .named(groups.map { Named(name: $0.name, layers: $0.layers) })
  }
}
