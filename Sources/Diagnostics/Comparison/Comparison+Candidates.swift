internal import Configurations
internal import Optimizers

extension Comparison {
  /// One way to train.
  struct Candidate: Equatable {
    var optimizer: OptimizerConfiguration
    var schedule: ScheduleConfiguration
    /// What the record says: nil where the optimizer finds its learning rate by itself.
    var learningRate: Double?
  }

  /// The settings that are tried for an optimizer: every learning rate of its grid with every schedule. One
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

  /// Makes sure that `rp-dist train` would take the settings of every run.
  ///
  /// - Throws: ``ConfigurationError`` naming the optimizer and what its settings do not go with.
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
