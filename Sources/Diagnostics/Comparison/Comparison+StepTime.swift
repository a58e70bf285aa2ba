internal import Configurations
private import Datasets
internal import Kernels
internal import MPI
private import Optimizers
internal import Ranks
internal import Training

extension Comparison {
  /// The optimizers whose steps are timed before the first run. For the time budget these are all of them, and SGD as
  /// the measure of time. SGD is always among them where it is not compared, as the unit of the summaries.
  var timed: [OptimizerConfiguration.Name] {
    let unit = optimizers.contains(.sgd) ? [] : [OptimizerConfiguration.Name.sgd]
    return budget == .time ? optimizers + unit : unit
  }

  /// The plan of an optimizer's runs.
  ///
  /// - Parameters:
  ///   - samples: the size of the training set.
  ///   - stepTimes: the seconds of a step of each ``timed`` optimizer.
  func plan(
    for name: OptimizerConfiguration.Name, samples: Int, stepTimes: [OptimizerConfiguration.Name: Double]
  ) -> TrainingPlan {
    let whole = TrainingPlan(samples: samples, configuration.training)
    guard budget == .time, let own = stepTimes[name], let sgd = stepTimes[.sgd] else { return whole }
    return whole.fitted(toStepsTaking: own / sgd)
  }

  /// The seconds of an optimizer's step on the slowest rank: the median over groups of steps, each long enough to
  /// include work that an optimizer does every few steps. Collective.
  ///
  /// - Throws: `AgreedFailure` where the loss is not finite before anything can be measured.
  func stepTime<Scalar: Real>(
    of name: OptimizerConfiguration.Name, _ problem: LearningProblem, as precision: Scalar.Type,
    on world: RankGroup, describe: ErrorDescription
  ) throws -> Double {
    var settings = settings(candidates(name)[0], seed: seeds[0])
    let cycle = settings.optimizer.cycle
    let (groups, steps) = (7, cycle >= 10 ? min(cycle, 100) : 10)
    // A step takes the same time at any rate, and with this one no run diverges; products with it are normal numbers.
    if settings.optimizer.learningRate != nil { settings.optimizer.learningRate = 1e-20 }
    settings.training.stopEarly = nil
    let plan = TrainingPlan(samples: problem.split.training.count, settings.training, steps: groups * steps)
    var ends: [Double] = []
    let outcome = try world.withTrainingLoop(settings, problem: problem, plan: plan, as: precision, describe: describe)
    {
      loop in
      try loop.run(over: world) { progress in
        if progress.step % steps == 0 { ends.append(progress.seconds) }
      }
    }
    // The first group touches the memory for the first time.
    let times = zip(ends.dropFirst(), ends).map { ($0 - $1) / Double(steps) }
    guard !times.isEmpty else {
      throw AgreedFailure(
        code: ExitCode.failed,
        message: "the steps of optimizer \(name.rawValue) cannot be timed, because the loss is not finite at step "
          + "\(outcome.steps)" + (outcome.divergence.map { ": \($0)" } ?? "") + "; check the data and data.scale")
    }
    return try world.allGather(median(times)).max() ?? median(times)
  }
}
