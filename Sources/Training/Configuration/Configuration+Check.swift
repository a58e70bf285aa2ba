internal import Datasets
internal import Networks

/// - Throws: ``ConfigurationError`` with the sentence where a condition does not hold.
func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws(ConfigurationError) {
  guard condition else { throw ConfigurationError(sentence()) }
}

extension Configuration {
  /// What can be checked without the data.
  ///
  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  func check() throws(ConfigurationError) {
    try require(!network.isEmpty, "network is empty; list its layers, for example [{dense: 32}, tanh, {dense: 10}]")
    try require(
      (1...1_000_000_000).contains(training.batch),
      "training.batch is \(training.batch); the global batch needs from 1 to 1000000000 samples")
    try require(
      (1...1_000_000_000).contains(training.epochs),
      "training.epochs is \(training.epochs); it must be from 1 to 1000000000")
    try require(training.seed >= 0, "training.seed is \(training.seed); it must not be negative")
    try require(
      (1...1024).contains(training.blasThreads),
      "training.blasThreads is \(training.blasThreads); it must be from 1 to 1024")
    try requirePositive(optimizer.learningRate, "optimizer.learningRate")
    try requireNonNegative(optimizer.damping, "optimizer.damping")
    try requireNonNegative(regularization.l2, "regularization.l2")
    try requireNonNegative(regularization.l1, "regularization.l1")
    try require(
      !loss.isPiecewiseLinear || optimizer.damping > 0 || regularization.l2 > 0,
      "loss \(loss.rawValue) has no curvature, so residual partitioning has no step size; use loss squaredHinge, "
        + "or set optimizer.damping or regularization.l2 above 0")
    try require(
      !loss.wantsClasses || data.target == .label,
      "loss \(loss.rawValue) needs classes, but data.target is \(data.target.rawValue); use loss squaredError or "
        + "data.target label")
    try require(
      !(loss == .sigmoidCrossEntropy && data.target == .input && data.scale != .unit),
      "loss sigmoidCrossEntropy needs targets from 0 to 1; set data.scale to unit")
    try require(
      !run.folder.isEmpty && !run.folder.contains(where: \.isControl),
      "run.folder '\(run.folder)' is no path; name a folder, for example runs")
    if let name = run.name {
      try require(
        !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.contains(where: \.isControl),
        "run.name '\(name)' must be the name of one folder inside run.folder, without control characters")
    }
    try data.check()
    try requirePositive(training.gradientStep, "training.gradientStep")
    try checkGradient()
  }

  /// What each way to the gradient can do.
  private func checkGradient() throws(ConfigurationError) {
    let method = "training.gradient \(training.gradient.rawValue)"
    switch training.gradient {
    case .backpropagation: return
    case .finiteDifference:
      try require(
        network.allSatisfy(\.isTrainedAsUsed),
        "\(method) takes a network as it is used, so batchNorm and dropout cannot be trained; leave them out, or use "
          + "backpropagation")
    case .layerTargets:
      try require(
        LayerTargets<Double>.fits(network) && loss == .squaredError,
        "\(method) needs a network that alternates dense and sigmoid, and loss squaredError; change them, or use "
          + "backpropagation")
    }
    try require(
      optimizer.name != .residualPartitioning,
      "\(method) gives no Ẅ, which optimizer residualPartitioning needs; set optimizer.name to sgd")
  }

  private func requirePositive(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value > 0 && value.isFinite, "\(key) is \(value); it must be above 0")
  }

  private func requireNonNegative(_ value: Double, _ key: String) throws(ConfigurationError) {
    try require(value >= 0 && value.isFinite, "\(key) is \(value); it must not be negative")
  }
}

extension Character {
  /// Whether the character is a control character, such as a line break or NUL.
  fileprivate var isControl: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}

extension LayerConfiguration {
  /// Whether the layer computes the same in training as afterwards.
  fileprivate var isTrainedAsUsed: Bool {
    switch self {
    case .dense, .activation: true
    case .batchNorm, .dropout: false
    }
  }
}
