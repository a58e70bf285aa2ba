import Configurations
import Datasets
import Foundation
import Kernels
import Networks
import Optimizers
import Reweighting
import Runs
import TestSupport
import Testing
import Training

/// Learned weights against a chain in plain loops, whose derivatives are differences of whole steps.
struct WeightLearningTests {
  /// How weights are learned: settings of `reweight`.
  struct Case: CustomTestStringConvertible {
    var constraint, normalisation, scale, optimizer: String
    var rate: Double
    var pull = 0.0
    var floor = 0.0
    var perResidual = false
    var centring = "none"
    var testDescription: String { "\(constraint) \(normalisation) \(scale) \(optimizer)" }

    static let all = [
      Case(constraint: "none", normalisation: "none", scale: "none", optimizer: "sgd", rate: 20),
      Case(constraint: "nonnegative", normalisation: "minibatch", scale: "none", optimizer: "sgd", rate: 40),
      Case(
        constraint: "unit", normalisation: "minibatch", scale: "running", optimizer: "momentum", rate: 0.2, pull: 0.5),
      Case(
        constraint: "sigmoid", normalisation: "minibatch", scale: "minibatch", optimizer: "adam", rate: 0.3, pull: 0.1),
      Case(constraint: "nonnegative", normalisation: "none", scale: "none", optimizer: "rmsprop", rate: 0.05),
      Case(
        constraint: "nonnegative", normalisation: "none", scale: "none", optimizer: "sgd", rate: 20, perResidual: true),
      Case(
        constraint: "unit", normalisation: "none", scale: "running", optimizer: "sgd", rate: 0.2, floor: 0.8,
        perResidual: true, centring: "label"),
    ]
  }

  /// 60 samples of three overlapping classes; a loop over three steps, each on all training samples.
  private struct Setup {
    let configuration: Configuration
    let loop: TrainingLoop<Double>
    let learning: WeightLearning<Double>
    var chain: PlainChain
    var update: PlainWeightUpdate
    let isPerResidual: Bool

    init(
      _ item: Case, levels: Int, pairWeight: Double = 0, hasDropout: Bool = false, extra: [String] = [],
      beliefs: ((Int) -> Double)? = nil
    ) throws {
      let folder = try ScratchFolder()
      var random = SmallRandom(seed: 7)
      let rows = (0..<60).map { k in
        let x = (0..<4).map { j in random.uniform(-1...1) + (j == k % 3 ? 0.8 : 0) }
        return x.map { "\($0)" }.joined(separator: ",") + ",\(k % 3)"
      }
      let path = try folder.write(rows.joined(separator: "\n").utf8, to: "data.csv")
      var settings = [
        "data={set: csv, validation: 12, scale: none}", "data.path=\(path)",
        "network=[\(hasDropout ? "{dropout: 0.7}, " : ""){dense: 3}, tanh, {dense: 3}]",
        "optimizer={name: sgd, learningRate: 0.9}", "schedule={name: constant}", "regularization={l2: 0}",
        "training={batch: 100, epochs: 3, precision: float64}",
        "reweight={levels: \(levels), warmup: 0, validationDecay: 0, schedule: constant, constraint: \(item.constraint), "
          + "normalisation: \(item.normalisation), scale: \(item.scale), optimizer: \(item.optimizer), "
          + "learningRate: \(item.rate), pull: \(item.pull), floor: \(item.floor), perResidual: \(item.perResidual), "
          + "centring: \(item.centring)}",
      ]
      if levels == 3 {
        settings += [
          "reweight.unlabelled=12", "reweight.pairWeight=\(pairWeight)",
          "reweight.student={optimizer: {name: sgd, learningRate: 1.3}, schedule: {name: constant}}",
        ]
      }
      configuration = try ConfigurationSource(preset: .standard, settings: settings + extra).configuration()
      let whole = try LearningProblem(configuration)
      let (split, hidden) = levels == 3 ? whole.split.hidingLabels(12, seed: 1) : (whole.split, nil)
      let problem = try levels == 3 ? whole.hidingLabels(12, seed: 1).0 : whole
      let belief = beliefs.map { (0..<split.training.count).map($0) }
      learning = try WeightLearning(
        configuration, problem: problem, unlabelled: hidden, batch: split.training.count, ranks: 1,
        start: try belief.map {
          WeightStart(
            cycle: 2, inverseTemperature: 1, transitions: try LabelCounts(classes: 3).transitions(over: SingleRank()),
            belief: $0)
        })
      loop = try TrainingLoop(configuration, problem: problem, ranks: 1, learning: learning)

      func samples(_ subset: Subset) -> [PlainChain.Sample] {
        (0..<subset.count).map { position in
          (
            subset.dataset.values(of: subset.id(at: position)),
            (0..<3).map { $0 == subset.label(at: position) ? 1 : 0 }
          )
        }
      }
      let network = try Network<Double>(configuration.network, inputs: 4)
      chain = PlainChain(
        network: PlainNetwork(inputs: 4, units: 3, classes: 3),
        teacher: network.initialParameters(.uniform, seed: 1).all.array,
        student: levels == 3
          ? network.initialParameters(.uniform, seed: RandomStream(seed: 1, .student)[0]).all.array : nil,
        training: samples(split.training), validation: samples(try #require(split.validation)),
        unlabelled: hidden.map { samples($0).map(\.x) } ?? [], pairWeight: pairWeight, teacherRate: 0.9,
        studentRate: 1.3, isNormalised: item.normalisation == "minibatch", weights: [])
      update = PlainWeightUpdate(
        constraint: item.constraint, scale: item.scale, optimizer: item.optimizer, rate: item.rate, pull: item.pull,
        floor: belief == nil ? item.floor : 0,
        labels: item.centring == "label" ? (0..<split.training.count).map { split.training.label(at: $0) } : nil,
        count: split.training.count, start: belief)
      isPerResidual = item.perResidual
      chain.weights = update.weights
      if hasDropout {
        chain.mask = { epoch, id in
          let mask = Arena<Double>(count: 4).all
          RandomStream(seed: 1, .dropout, epoch, id, 0).fillMask(mask, keep: 0.7)
          return mask.array
        }
      }
    }

    /// The weights after the three steps, by plain loops.
    mutating func plainWeights() -> [Double] {
      for _ in 0..<3 {
        let gradient = chain.weightGradient()
        let residuals = isPerResidual ? chain.residuals : nil
        chain.advance()
        update.update(gradient, residuals: residuals)
        chain.weights = update.weights
      }
      return chain.weights
    }

    /// The same by the training loop.
    func learnedWeights() throws -> [Double] {
      let outcome = try loop.run(over: SingleRank())
      #expect(outcome.steps == 3 && outcome.divergedAtStep == nil)
      return learning.values
    }
  }

  /// The error of central differences with h = 1e-4: 2⁻⁵³ L/h ≈ 1e-12 of rounding and h²/6 times a third derivative by a
  /// weight, each derivative of which brings a factor of the order of ∂L/∂a ≈ 1e-2; times the rates, over three steps.
  static let tolerance = 2e-8

  @Test(arguments: Case.all, [(2, 0.0), (3, 0.0), (3, 0.7)])
  func `three steps give the weights, the teacher and the student of plain loops`(
    item: Case, chain: (levels: Int, pairWeight: Double)
  ) throws {
    var setup = try Setup(item, levels: chain.levels, pairWeight: chain.pairWeight)
    let expected = setup.plainWeights()
    let weights = try setup.learnedWeights()
    try #require(weights.count == expected.count)
    let worst = zip(weights, expected).map { abs($0 - $1) }.max() ?? 1
    #expect(worst <= Self.tolerance)
    #expect(relativeDifference(setup.loop.step.parameters.all.array, setup.chain.teacher) <= Self.tolerance)
    if let student = setup.chain.student {
      #expect(relativeDifference(setup.loop.evaluated.parameters.all.array, student) <= Self.tolerance)
    }
    // Something was learned, far above the tolerance.
    let start = item.constraint == "sigmoid" ? 0.5 : 1
    #expect((weights.map { abs($0 - start) }.max() ?? 0) > 0.02)
  }

  @Test(arguments: Case.all) func `a later cycle starts at its beliefs, is drawn to them and has no floor`(item: Case)
    throws
  {
    var random = SmallRandom(seed: 20)
    let belief = (0..<60).map { _ in random.uniform(0.05...0.95) }
    var setup = try Setup(item, levels: 2, beliefs: { belief[$0] })
    let expected = setup.plainWeights()
    let weights = try setup.learnedWeights()
    try #require(weights.count == expected.count)
    #expect((zip(weights, expected).map { abs($0 - $1) }.max() ?? 1) <= Self.tolerance)
    #expect((zip(weights, belief).map { abs($0 - $1) }.max() ?? 0) > 0.02)
    // Drawn to where all weights alike would be, they end elsewhere.
    if item.pull > 0 {
      var other = try Setup(item, levels: 2, beliefs: { belief[$0] })
      let theta = other.update.theta
      other.update = PlainWeightUpdate(
        constraint: item.constraint, scale: item.scale, optimizer: item.optimizer, rate: item.rate, pull: item.pull,
        floor: 0, labels: nil, count: weights.count)
      other.update.theta = theta
      #expect((zip(weights, other.plainWeights()).map { abs($0 - $1) }.max() ?? 0) > 1e-3)
    }
    if item.floor > 0 { #expect((weights.min() ?? 1) < item.floor / 2) }
  }

  @Test func `a belief that is certain can still change`() throws {
    for constraint in ["unit", "sigmoid"] {
      let item = Case(constraint: constraint, normalisation: "minibatch", scale: "minibatch", optimizer: "sgd", rate: 1)
      let weights = try Setup(item, levels: 2, beliefs: { $0 % 2 == 0 ? 0 : 1 }).learnedWeights()
      #expect(weights.indices.contains { $0 % 2 == 0 && weights[$0] > 0.011 })
      #expect(weights.indices.contains { $0 % 2 == 1 && weights[$0] < 0.989 })
    }
  }

  @Test(arguments: [2, 3]) func `dropout masks are those of the steps, and off where labels are given and judged`(
    levels: Int
  ) throws {
    var setup = try Setup(Case.all[1], levels: levels, pairWeight: levels == 3 ? 0.7 : 0, hasDropout: true)
    let expected = setup.plainWeights()
    let weights = try setup.learnedWeights()
    #expect((zip(weights, expected).map { abs($0 - $1) }.max() ?? 1) <= Self.tolerance)
    #expect((weights.map { abs($0 - 1) }.max() ?? 0) > 0.02)
  }

  @Test(arguments: [2, 3]) func `a student without pairs, weights not normalised, another sign are told apart`(
    levels: Int
  ) throws {
    let item = Case.all[1]
    var setup = try Setup(item, levels: levels, pairWeight: levels == 3 ? 0.7 : 0)
    let weights = try setup.learnedWeights()
    var other = try Setup(Case.all[0], levels: levels, pairWeight: 0)
    let wrong = other.plainWeights()
    #expect((zip(weights, wrong).map { abs($0 - $1) }.max() ?? 0) > 1e-3)
    let right = setup.plainWeights()
    #expect((zip(weights, right).map { abs($0 - (2 - $1)) }.max() ?? 0) > 1e-3)
  }

  @Test(arguments: ["fused", "nested"]) func `differences learn nearly the weights that derivatives do`(
    strategy: String
  )
    throws
  {
    for levels in [2, 3] {
      let exact = try Setup(Case.all[1], levels: levels).learnedWeights()
      let differences = try Setup(
        Case.all[1], levels: levels, extra: ["reweight.strategy=\(strategy)", "reweight.blocks=layers"]
      ).learnedWeights()
      let worst = zip(exact, differences).map { abs($0 - $1) }.max() ?? 1
      // Differences of radius 0.01 are of order 1e-4 from the derivatives, and are no derivatives themselves.
      #expect(worst < 1e-3 && worst > 0)
    }
  }

  @Test func `weights stay through the warm-up, and between updates`() throws {
    func weights(_ extra: [String]) throws -> [Double] {
      try Setup(Case.all[1], levels: 2, extra: extra).learnedWeights()
    }
    let always = try weights([])
    #expect(try weights(["reweight.warmup=2"]) != always)
    #expect(try weights(["reweight.updateEvery=2"]) != always)
    // Step 0 alone is a multiple of 3, and lies within the warm-up.
    #expect(try weights(["reweight.updateEvery=3", "reweight.warmup=1"]).allSatisfy { $0 == 1 })
  }

  @Test func `gradient descent's own derivative is its rate`() throws {
    let diagonal = try Setup(Case.all[1], levels: 3).learnedWeights()
    let rate = try Setup(Case.all[1], levels: 3, extra: ["reweight.preconditioned=false"]).learnedWeights()
    #expect(zip(diagonal, rate).allSatisfy { abs($0 - $1) < 1e-10 })
  }

  @Test func `a hypergradient that is not finite ends the training with the last good weights`() throws {
    let setup = try Setup(
      Case.all[1], levels: 2, extra: ["optimizer={name: sgd, learningRate: 1e200}", "network=[{dense: 3}, {dense: 3}]"])
    let outcome = try setup.loop.run(over: SingleRank())
    #expect(outcome.divergedAtStep != nil)
    #expect(setup.loop.step.parameters.all.array.allSatisfy { $0.isFinite })
    #expect(setup.learning.values.allSatisfy { $0 == 1 })
  }

  @Test func `weights that would be infinite end the training with the last good ones`() throws {
    let setup = try Setup(Case.all[1], levels: 2, extra: ["reweight.learningRate=1e308", "reweight.scale=minibatch"])
    let outcome = try setup.loop.run(over: SingleRank())
    #expect(outcome.divergedAtStep != nil)
    #expect(setup.learning.values.allSatisfy { $0.isFinite })
  }

  @Test func `settings that are left out depend on the levels and on the constraint`() throws {
    func settings(_ section: String) throws -> ReweightConfiguration {
      let source = ConfigurationSource(preset: .standard, settings: ["reweight=\(section)"])
      return try #require(try source.configuration().reweight)
    }
    #expect(try settings("{levels: 2}").floor == 0.2)
    #expect(try settings("{constraint: sigmoid}").floor == 0)
    let three = try settings("{levels: 3, unlabelled: 500}")
    #expect((three.floor, three.pull, three.validationDecay, three.learningRate) == (0, 0, 0, 0.1))
    #expect(!three.perResidual && three.centring == .none && three.schedule == .linear)
    #expect(try settings("{levels: 3, unlabelled: 500, pull: 0.5}").pull == 0.5)
  }

  @Test func `how often a network is trained depends on what can be believed, and is recorded`() throws {
    func cycles(_ settings: String...) throws -> Int? {
      let source = ConfigurationSource(
        preset: try Preset.named("noisy-digits-reweight"), settings: settings)
      return try TrainingRun(learningWeightsOf: source.configuration(), version: "0", preset: "")
        .configuration.reweight?.cycles
    }
    #expect(try cycles() == 3)
    #expect(try cycles("reweight.cycles=2") == 2)
    #expect(try cycles("loss=squaredError") == 1)
    #expect(try cycles("reweight={levels: 3, unlabelled: 500}") == 1)
    #expect(throws: ConfigurationError.self) { try cycles("loss=squaredError", "reweight.cycles=2") }
    #expect(throws: ConfigurationError.self) { try cycles("reweight.cycles=0") }
    #expect(throws: ConfigurationError.self) { try cycles("reweight.cycles=101") }
    #expect(throws: ConfigurationError.self) {
      try cycles("reweight={levels: 3, unlabelled: 500}", "reweight.cycles=2")
    }
  }
}
