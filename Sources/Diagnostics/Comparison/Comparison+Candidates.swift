internal import Configurations
internal import Optimizers

extension Comparison {
  /// One optimizer with its settings.
  struct Candidate: Equatable {
    var optimizer: OptimizerConfiguration
    var schedule: ScheduleConfiguration
    /// The learning rate in the record: nil where the optimizer finds it by itself.
    var learningRate: Double?
  }

  /// The settings that are tried for an optimizer: every learning rate of its grid with every schedule. An optimizer
  /// without a grid is tried as it is configured.
  func candidates(_ name: OptimizerConfiguration.Name) -> [Candidate] {
    let isConfigured = configuration.optimizer.name == name
    let optimizer = isConfigured ? configuration.optimizer : OptimizerConfiguration(name)
    guard let rates = configuration.compare.learningRates[name] ?? name.type.comparedRates else {
      let schedule = isConfigured ? configuration.schedule : ScheduleConfiguration(standardFor: optimizer)
      return [
        Candidate(
          optimizer: optimizer, schedule: schedule,
          learningRate: optimizer.findsLearningRate ? nil : optimizer.learningRate)
      ]
    }
    return configuration.compare.schedules.flatMap { schedule in
      rates.map { rate in
        var candidate = Candidate(
          optimizer: optimizer.with(learningRate: rate), schedule: configuration.schedule, learningRate: rate)
        candidate.schedule.name = schedule
        return candidate
      }
    }
  }

  /// The configuration of a run.
  func settings(_ candidate: Candidate, seed: Int) -> Configuration {
    var settings = configuration
    (settings.optimizer, settings.schedule) = (candidate.optimizer, candidate.schedule)
    settings.training.seed = seed
    return settings
  }

  /// Checks that `rp-dist train` would accept the settings of every run.
  ///
  /// - Throws: ``ConfigurationError`` naming the optimizer and the setting that does not fit it.
  func checkCandidates() throws(ConfigurationError) {
    for name in optimizers {
      for candidate in candidates(name) {
        do {
          try settings(candidate, seed: configuration.training.seed).check()
        } catch {
          throw ConfigurationError("optimizer \(name.rawValue) cannot be compared: \(error)")
        }
      }
    }
  }
}
