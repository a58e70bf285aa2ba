internal import Datasets
internal import Networks
internal import Optimizers

/// - Throws: ``ConfigurationError`` with the sentence if the condition does not hold.
package func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws(ConfigurationError) {
  guard condition else { throw ConfigurationError(sentence()) }
}

extension Configuration {
  /// Checks everything that can be checked without the data.
  ///
  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  package func check() throws(ConfigurationError) {
    try require(!network.isEmpty, "network is empty; list its layers, for example [{dense: 32}, tanh, {dense: 10}]")
    try require(
      (1...1_000_000_000).contains(training.batch),
      "training.batch is \(training.batch); the global batch needs from 1 to 1000000000 samples")
    try require(
      (1...1_000_000_000).contains(training.epochs),
      "training.epochs is \(training.epochs); it must be from 1 to 1000000000")
    try require(training.seed >= 0, "training.seed is \(training.seed); it must not be negative")
    try require(
      (1...1024).contains(training.threads),
      "training.threads is \(training.threads); it must be from 1 to 1024")
    try require(
      (0...1_000_000_000).contains(training.checkReplicas),
      "training.checkReplicas is \(training.checkReplicas); it must be a number of steps, or 0 for never")
    try requireNonNegative(regularization.l2, "regularization.l2")
    try requireNonNegative(regularization.l1, "regularization.l1")
    try checkOptimizer()
    try checkSchedule()
    try checkComparison()
    if let stopEarly = training.stopEarly {
      try require(
        stopEarly.patience >= 1,
        "training.stopEarly.patience is \(stopEarly.patience); it must be at least 1 epoch")
      try require(
        data.validation > 0, "training.stopEarly needs a validation set; set data.validation, for example to 5000")
    }
    try require(
      !loss.targets.areClasses || data.target == .label,
      "loss \(loss.rawValue) needs classes, but data.target is \(data.target.rawValue); use loss squaredError or "
        + "data.target label")
    try require(
      !(loss.targets == .probabilities && data.target == .input && data.scale != .unit),
      "loss \(loss.rawValue) needs targets from 0 to 1; set data.scale to unit")
    try require(
      !run.folder.isEmpty && !run.folder.contains(where: \.isControl),
      "run.folder '\(run.folder)' is no path; name a folder, for example runs")
    if let name = run.name {
      try require(
        !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.contains(where: \.isControl),
        "run.name '\(name)' must be the name of one folder inside run.folder, without control characters")
    }
    try run.checkCheckpoints()
    try require(
      run.stallTimeout == 0 || (1...1e6).contains(run.stallTimeout),
      "run.stallTimeout is \(run.stallTimeout); it must be from 1 to 1000000 seconds, or 0 for never")
    try data.check()
    try checkGradient()
    try checkReduction()
    try checkReproducible()
    try checkReweighting()
    try checkPrecision()
  }

  private func checkOptimizer() throws(ConfigurationError) {
    if let rate = optimizer.learningRate {
      try requirePositive(rate, "optimizer.learningRate")
    } else {
      let finders = OptimizerKind.allCases.filter(\.findsLearningRate).map(\.rawValue).joined(separator: ", ")
      try require(
        optimizer.name.findsLearningRate,
        "optimizer.learningRate is auto, but only \(finders) finds it; name one, for example 0.01")
    }
    do {
      try optimizer.settings.checkRanges()
      try optimizer.settings.check(
        learningRate: optimizer.learningRate, loss: loss, regularization: regularization.regularization)
    } catch {
      throw ConfigurationError(error.description)
    }
  }

  private func checkSchedule() throws(ConfigurationError) {
    try requireNonNegative(schedule.decay, "schedule.decay")
    try requirePositive(schedule.factor, "schedule.factor")
    try requirePositive(schedule.scale, "schedule.scale")
    try require(schedule.warmup >= 0, "schedule.warmup is \(schedule.warmup); it must not be negative")
  }

  private func checkComparison() throws(ConfigurationError) {
    try require(!compare.schedules.isEmpty, "compare.schedules is empty; name at least one, for example [constant]")
    for name in OptimizerConfiguration.Name.allCases {
      guard let rates = compare.learningRates[name] else { continue }
      let key = "compare.learningRates.\(name.rawValue)"
      try require(!rates.isEmpty, "\(key) is empty; list the rates to try, for example [0.001, 0.01]")
      for rate in rates { try requirePositive(rate, key) }
    }
  }

  func requirePositive(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value > 0 && value.isFinite, "\(key) is \(value); it must be above 0")
  }

  func requireNonNegative(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value >= 0 && value.isFinite, "\(key) is \(value); it must not be negative")
  }
}

extension Character {
  /// Whether the character is a control character, such as a line break or NUL.
  fileprivate var isControl: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
