public import Configurations
public import Datasets
package import Kernels
public import Networks

/// The samples of a configuration with their input scaling: the data on which a network is trained and evaluated.
public struct LearningProblem: Sendable {
  public let split: DataSplit
  public let map: InputMap
  public let target: DataConfiguration.Target

  /// Reads the data of a configuration.
  ///
  /// - Parameters:
  ///   - map: the input scaling of a trained model; nil takes the scaling from the training samples that remain after
  ///     holding out.
  /// - Throws: `DatasetError`, ``ConfigurationError``.
  public init(_ configuration: Configuration, map: InputMap? = nil) throws {
    let data = configuration.data
    split = try data.load().holdingOut(data, seed: configuration.training.seed).relabelled(data)
    target = data.target
    self.map = map ?? data.scale.map(for: split.training)
    guard self.map.fits(features: split.training.features) else {
      throw ConfigurationError(
        "the model scales \(self.map.scale.count) features, but the data has \(split.training.features)")
    }
    try checkTargets(of: configuration.loss)
    try checkMagnitudes(in: configuration.training.precision, isNew: map == nil)
  }

  /// A problem on samples that are already in memory.
  package init(split: DataSplit, scale: InputScaling, target: DataConfiguration.Target) {
    self.init(split: split, map: scale.map(for: split.training), target: target)
  }

  private init(split: DataSplit, map: InputMap, target: DataConfiguration.Target) {
    (self.split, self.map, self.target) = (split, map, target)
  }

  /// The same problem, with the same scaling, but only with the training samples whose labels are true: it shows the
  /// best that training on noisy labels can reach. Without `data.labelNoise` it is the problem itself.
  ///
  /// - Throws: ``ConfigurationError`` where the noise left no label true.
  public func withoutFlippedSamples() throws(ConfigurationError) -> LearningProblem {
    guard let clean = split.withoutFlippedSamples else {
      throw ConfigurationError(
        "data.labelNoise leaves none of the \(split.training.count) training samples its true label, so there is "
          + "nothing clean to train on; lower data.labelNoise.rate")
    }
    return LearningProblem(split: clean, map: map, target: target)
  }

  /// The same problem, with the same scaling, without `count` training samples whose labels are hidden; and those
  /// samples.
  ///
  /// - Throws: ``ConfigurationError`` where no labelled sample is left.
  public func hidingLabels(_ count: Int, seed: Int) throws(ConfigurationError) -> (LearningProblem, unlabelled: Subset)
  {
    guard count < split.training.count else {
      throw ConfigurationError(
        "reweight.unlabelled is \(count), but the training set has \(split.training.count) samples and one must be left "
          + "with its label; make it at most \(split.training.count - 1)")
    }
    let (labelled, unlabelled) = split.hidingLabels(count, seed: UInt64(seed))
    return (LearningProblem(split: labelled, map: map, target: target), unlabelled)
  }

  public var features: Int { split.training.features }
  /// The shape of a sample.
  public var shape: Shape { Shape(split.training.dataset.shape) }
  /// The number of outputs that a network needs.
  public var outputs: Int { target == .input ? features : split.training.targetColumns }

  /// - Throws: ``ConfigurationError`` where a network's output has the wrong size.
  public func check(outputs: Int) throws(ConfigurationError) {
    guard outputs != self.outputs else { return }
    let what =
      switch target {
      case .label: "\(self.outputs) classes"
      case .value: "\(self.outputs) \(self.outputs == 1 ? "target" : "targets") for each sample"
      case .input: "\(self.outputs) features to reconstruct"
      }
    throw ConfigurationError(
      "network: the last layer has \(outputs) outputs, but the data has \(what); make it {dense: \(self.outputs)}")
  }

  /// - Throws: ``ConfigurationError`` where a loss of probabilities has targets that are not probabilities.
  private func checkTargets(of loss: Loss) throws(ConfigurationError) {
    guard loss.targets == .probabilities, target == .value else { return }
    for subset in [split.training, split.validation, split.test].compactMap(\.self) {
      let range = subset.targetRange
      guard range.lowerBound < 0 || range.upperBound > 1 else { continue }
      throw ConfigurationError(
        "loss \(loss.rawValue) needs targets from 0 to 1, but those of \(subset.dataset.source) are from "
          + "\(range.lowerBound) to \(range.upperBound); use loss squaredError, or scale the targets")
    }
  }

  /// Writes the inputs and targets of some samples, one row each; for reconstruction `targets` is `inputs`.
  package func fill<Scalar: Real>(
    _ subset: Subset, _ positions: Span<Int32>, inputs: Matrix<Scalar>, targets: Matrix<Scalar>
  ) {
    subset.fill(positions, inputs: inputs, map: map)
    if target != .input { subset.fillTargets(positions, targets: targets) }
  }
}

extension DataSplit {
  /// The same data with the validation set that a configuration asks for.
  fileprivate func holdingOut(_ data: DataConfiguration, seed: Int) throws(ConfigurationError) -> DataSplit {
    guard data.validation > 0 else { return self }
    guard data.validation < training.count else {
      throw ConfigurationError(
        "data.validation is \(data.validation), but the training set has \(training.count) samples and one must be left "
          + "to train on; make it at most \(training.count - 1)")
    }
    return holdingOut(data.validation, seed: UInt64(seed))
  }

  /// The same data with the label noise that a configuration asks for.
  fileprivate func relabelled(_ data: DataConfiguration) throws(ConfigurationError) -> DataSplit {
    guard let noise = data.labelNoise?.noise else { return self }
    guard training.classes > 1 else {
      throw ConfigurationError(
        "data.labelNoise flips a label to another class, but \(training.dataset.source) has one class only; set "
          + "data.labelNoise to off")
    }
    return relabelled(by: noise)
  }
}

extension LearningProblem {
  /// Checks that no feature and no target is too large for the precision of a training. A step multiplies a network's
  /// inputs with each other, so their squares must be finite too.
  ///
  /// - Parameter isNew: whether the scaling was computed from these training data.
  /// - Throws: `DatasetError` naming the first number that is too large.
  func checkMagnitudes(in precision: Precision, isNew: Bool) throws {
    try checkSpread(isNew: isNew)
    for subset in [split.training, split.validation, split.test].compactMap(\.self) {
      if let number = subset.firstFeature(
        above: precision.largest, scaled: precision.largestSquared, map: map)
      {
        throw tooLarge(number, of: subset, in: precision)
      }
      if target == .value, let number = subset.firstTarget(above: precision.largestSquared) {
        throw tooLarge(number, of: subset, in: precision)
      }
    }
  }

  /// `standardise` divides by the standard deviation, which is not finite for very large numbers.
  private func checkSpread(isNew: Bool) throws {
    guard isNew, map.scaling == .standardise, let feature = map.scale.firstIndex(of: 0) else { return }
    throw split.training.error(
      split.training.largestValue(ofFeature: feature), "so that the variance of the column is not finite",
      remedy: "scale the column")
  }

  private func tooLarge(_ number: Subset.Number, of subset: Subset, in precision: Precision) -> DatasetError {
    let (value, scaled) = (abs(number.value), abs(number.scaled))
    let isTooLarge = max(value, scaled) > precision.largest
    // A cell that is itself too large needs no explanation of the scaling's effect.
    let becomes =
      number.scaled == number.value || value > precision.largest
      ? "" : "which data.scale \(map.scaling.rawValue) makes \(number.scaled), "
    let helps = precision == .float32 && scaled <= Precision.float64.largestSquared
    return subset.error(
      number, becomes + (isTooLarge ? "too large for " : "whose square is too large for ") + precision.rawValue,
      remedy: "scale the column" + (helps ? ", or set training.precision to float64" : ""))
  }
}

extension Precision {
  /// The largest number whose square is finite.
  fileprivate var largestSquared: Double { largest.squareRoot().nextDown }
}
