import Configurations
import Datasets
import Kernels
import Networks
import Optimizers
import Runs
import Testing
import Training

/// `optimizer`: what is left out depends on what is named, and the step that finds its lengths keeps its promise.
struct OptimizerConfigurationTests {
  private func configuration(_ settings: [String]) throws -> Configuration {
    try ConfigurationSource(preset: .standard, settings: settings).configuration()
  }

  /// Power, momentum, curvatureDecay, layerScale and schedule of a configuration.
  private struct Defaults: Equatable {
    var learningRate: Double?
    var power: CurvaturePower
    var averages: [Double]
    var scale: LayerScale
    var schedule: Schedule.Name

    init(
      _ learningRate: Double?, _ power: CurvaturePower, _ averages: [Double], _ scale: LayerScale,
      _ schedule: Schedule.Name
    ) {
      (self.learningRate, self.power, self.averages) = (learningRate, power, averages)
      (self.scale, self.schedule) = (scale, schedule)
    }

    init(_ configuration: Configuration) throws {
      let optimizer = configuration.optimizer
      let settings = try #require(optimizer.of(ResidualPartitioning.self))
      self.init(
        optimizer.learningRate, settings.curvaturePower, [settings.momentum, settings.curvatureDecay],
        settings.layerScale, configuration.schedule.name)
    }
  }

  @Test(arguments: [[], ["optimizer.learningRate=auto"], ["optimizer.trustRatio=off"], ["optimizer.learningRate="]])
  func `residual partitioning without a learning rate measures its lengths, by unit, smoothed, on a linear schedule`(
    settings: [String]
  ) throws {
    let found = try configuration(settings)
    #expect(try Defaults(found) == Defaults(nil, .half, [0.9, 0.95], .unit, .linear))
    let rule = found.optimizer.rule
    #expect(rule.measuresLength && !rule.findsLength && rule.curvatureUse == CurvatureUse(partition: .unit, every: 10))
  }

  @Test(arguments: [
    "partition: weight", "partition: weight, lengths: found", "partition: weight, layerScale: adaptive",
  ])
  func `by weight it finds them from the gradients on the way`(settings: String) throws {
    let found = try configuration(["optimizer={\(settings)}"])
    #expect(try Defaults(found) == Defaults(nil, .half, [0.9, 0.99], .adaptive, .linear))
    let rule = found.optimizer.rule
    #expect(rule.findsLength && !rule.measuresLength && rule.curvatureUse == CurvatureUse())
  }

  @Test func `a partition and lengths that are named stay`() throws {
    let measured = try configuration(["optimizer={partition: weight, lengths: measured}"])
    #expect(try Defaults(measured) == Defaults(nil, .half, [0.9, 0.99], .unit, .linear))
    #expect(measured.optimizer.rule.measuresLength && !measured.optimizer.isByUnit)
    let found = try configuration(["optimizer.lengths=found"])
    #expect(try Defaults(found) == Defaults(nil, .half, [0.9, 0.95], .unit, .linear))
    #expect(found.optimizer.rule.findsLength && found.optimizer.isByUnit)
    for rate in ["learningRate: 1", "trustRatio: on"] {
      #expect(try configuration(["optimizer={\(rate)}"]).optimizer.partition == .weight)
      #expect(try configuration(["optimizer={partition: unit, \(rate)}"]).optimizer.partition == .unit)
    }
  }

  @Test func `a learning rate gives the paper's plain step at a constant rate`() throws {
    for settings in [["optimizer.learningRate=300"], ["optimizer={learningRate: 300, trustRatio: off}"]] {
      #expect(try Defaults(configuration(settings)) == Defaults(300, .one, [0, 0], .none, .constant))
    }
  }

  @Test func `a trust ratio gives the smoothed step, and a first λ of 1`() throws {
    for value in ["on", "{every: 2}"] {
      let found = try Defaults(configuration(["optimizer.trustRatio=\(value)"]))
      #expect(found == Defaults(1, .one, [0.9, 0.99], .none, .constant))
    }
    let named = try Defaults(configuration(["optimizer={trustRatio: on, learningRate: 20}"]))
    #expect(named == Defaults(20, .one, [0.9, 0.99], .none, .constant))
  }

  @Test(arguments: [
    ("sgd", 0.01), ("momentum", 0.01), ("rmsprop", 0.001), ("adam", 0.001),
  ]) func `every other optimizer has a learning rate and a constant schedule`(name: String, rate: Double) throws {
    let found = try configuration(["optimizer.name=\(name)"])
    #expect(found.optimizer.learningRate == rate && found.schedule.name == .constant)
  }

  @Test(arguments: ["sgd", "adam", "residualPartitioning"], ["", "trustRatio: on, ", "learningRate: 2, "])
  func `another learning rate gives what the configuration would with it`(name: String, mode: String) throws {
    guard name == "residualPartitioning" || !mode.hasPrefix("trust") else { return }
    let old = try configuration(["optimizer={\(mode)name: \(name)}"]).optimizer
    let kept = mode.hasPrefix("learning") ? "" : mode
    let new = try configuration(["optimizer={\(kept)name: \(name), learningRate: 30}"]).optimizer
    #expect(old.with(learningRate: 30) == new)
  }

  @Test func `what is named stays with another learning rate`() throws {
    let named =
      "partition: weight, momentum: 0.5, curvatureDecay: 0.25, curvaturePower: 1, curvatureEvery: 3, layerScale: unit, "
      + "damping: 1"
    let old = try configuration(["optimizer={\(named)}"]).optimizer
    #expect(old.with(learningRate: 30) == (try configuration(["optimizer={\(named), learningRate: 30}"]).optimizer))
  }

  @Test func `what is named wins over what it would be, in every mode`() throws {
    let settings =
      "momentum: 0.5, curvatureDecay: 0.25, curvaturePower: 1, layerScale: unit"
    for (mode, rate) in [("learningRate: auto", nil), ("learningRate: 2", 2.0), ("trustRatio: on", 1)] {
      let found = try Defaults(configuration(["optimizer={\(mode), \(settings)}", "schedule.name=cosine"]))
      #expect(found == Defaults(rate, .one, [0.5, 0.25], .unit, .cosine))
    }
    let half = try Defaults(configuration(["optimizer={learningRate: 2, curvaturePower: 0.5}"]))
    #expect(half == Defaults(2, .half, [0, 0], .none, .constant))
  }

  @Test(arguments: [
    "learningRate: auto", "learningRate: 2", "trustRatio: on", "trustRatio: {every: 2}, learningRate: 20",
    "layerScale: unit, curvaturePower: 1", "name: adam",
  ]) func `every mode is written and read back equal`(optimizer: String) throws {
    let configuration = try configuration(["optimizer={\(optimizer)}"])
    let yaml = try configuration.yaml()
    #expect(try ConfigurationSource.written(yaml, path: "c.yml") == configuration)
    #expect(yaml.contains("learningRate: auto") == (configuration.optimizer.learningRate == nil))
  }

  @Test(arguments: [
    ("{name: sgd, learningRate: auto}", "optimizer.learningRate is auto, but only residualPartitioning finds it"),
    (
      "{learningRate: auto, trustRatio: on}",
      "optimizer.trustRatio changes a learning rate, but optimizer.learningRate is auto"
    ),
    (
      "{layerScale: adaptive}",
      "optimizer.partition unit, which is the standard here, scales each step by itself, so optimizer.layerScale must be "
        + "unit, not adaptive; optimizer.partition weight allows it"
    ),
    ("{layerScale: none}", "optimizer.lengths measured, which is the standard here, scales each step by itself"),
    ("{lengths: found, layerScale: none}", "optimizer.layerScale must be unit, not none"),
    (
      "{learningRate: auto, partition: weight, layerScale: none}",
      "optimizer.layerScale must be adaptive or unit, not none"
    ),
    ("{partition: weight, layerScale: none}", "optimizer.layerScale must be adaptive or unit, not none"),
    ("{curvaturePower: 0.7}", "optimizer.curvaturePower: it is 0.7; it must be 1 or 0.5"),
    ("{layerScale: adaptiv}", "optimizer.layerScale: unknown value 'adaptiv'; did you mean 'adaptive'?"),
    ("{learningRate: automatic}", "optimizer.learningRate: expected a number, found 'automatic'"),
    ("{learningRate: [auto]}", "optimizer.learningRate: expected a single value, found a list"),
    ("{learningRate: 0}", "optimizer.learningRate"),
    ("{beta1: 0.5}", "optimizer.beta1: it belongs to adam, but optimizer.name is residualPartitioning"),
    ("{name: adam, layerScale: unit}", "it belongs to residualPartitioning, but optimizer.name is adam"),
  ]) func `a wrong setting is answered with a sentence`(optimizer: String, sentence: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try configuration(["optimizer=\(optimizer)"]) }
    #expect(try #require(error).description.contains(sentence), "\(String(describing: error))")
  }

  /// The test accuracy of the standard preset, trained on one rank.
  private func accuracy(_ settings: [String]) throws -> Double {
    let configuration = try configuration(settings)
    let problem = try LearningProblem(configuration)
    let loop = try TrainingLoop<Float>(configuration, problem: problem, ranks: 1)
    #expect(try loop.run(over: SingleRank()).divergedAtStep == nil)
    let evaluation = try problem.evaluate(
      loop.step.network, loop.step.parameters, configuration.loss, on: problem.split.test, over: SingleRank())
    return try #require(evaluation.accuracy)
  }

  @Test(
    arguments: 1...5,
    [("", 0.97), ("data.scale=unit", 0.95), ("training.batch=20", 0.95), ("training.batch=500", 0.95)])
  func `the digits are learnt with no setting of the optimizer, whatever the scale of inputs and the batch`(
    seed: Int, variant: (setting: String, least: Double)
  ) throws {
    let accuracy = try accuracy(["training.seed=\(seed)"] + (variant.setting.isEmpty ? [] : [variant.setting]))
    #expect(accuracy >= variant.least)
  }
}
