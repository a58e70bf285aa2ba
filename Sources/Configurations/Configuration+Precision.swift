private import Glibc
internal import Hypergradients
public import Kernels
internal import Networks
internal import Optimizers

extension Configuration {
  /// Checks that no positive setting of the computation becomes 0 or infinite in the precision of the training.
  ///
  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  func checkPrecision() throws(ConfigurationError) {
    var settings = [("optimizer.learningRate", optimizer.learningRate ?? 1)]
    settings += optimizer.settings.numbers.map { ("optimizer.\($0.key)", $0.value) }
    settings += [
      ("regularization.l2", regularization.l2), ("regularization.l1", regularization.l1),
      ("schedule.decay", schedule.decay),
      ("schedule.factor", schedule.factor), ("schedule.scale", schedule.scale),
      ("training.gradientStep", training.gradientStep), ("reweight.pairWeight", reweight?.pairWeight ?? 0),
    ]
    if let reweight, reweight.strategy == .fused {
      settings.append(("reweight.radius", reweight.radius))
      if case .named(let groups) = reweight.blocks {
        settings += groups.map { ("the radius of \($0.name) in reweight.blocks", $0.radius ?? 1) }
      }
    }
    for (key, value) in settings {
      if let fault = training.precision.fault(in: value) { throw ConfigurationError("\(key) is \(value), \(fault)") }
    }
    for (address, layer) in LayerConfiguration.addressed(network) {
      guard let keep = layer.of(DropoutLayer.self)?.keep, keep > 0, !training.precision.rounded(1 / keep).isFinite
      else { continue }
      throw ConfigurationError(
        "network: layer \(address) is dropout with keep \(keep), whose inverse is infinite in "
          + "\(training.precision.rawValue); make it larger")
    }
    try checkScheduledRate()
  }

  /// Checks the greatest rate that the schedule reaches in the course of the run.
  private func checkScheduledRate() throws(ConfigurationError) {
    let (key, factor) =
      switch schedule.name {
      case .exponential:
        ("schedule.factor is \(schedule.factor)", pow(max(1, schedule.factor), Double(training.epochs - 1)))
      case .inverseRoot: ("schedule.scale is \(schedule.scale)", schedule.scale)
      case .constant, .inverse, .linear, .cosine: ("", 1.0)
      }
    let rate = (optimizer.learningRate ?? 1) * factor
    guard rate == 0 || training.precision.fault(in: rate) != nil else { return }
    throw ConfigurationError(
      "\(key): over training.epochs \(training.epochs) the learning rate becomes "
        + "\(rate < 1 ? "0" : "infinite") in \(training.precision.rawValue); bring it nearer to 1")
  }
}

extension Precision {
  /// What is wrong with a positive number in this precision, and how to correct it; nil if nothing is wrong, and for 0.
  ///
  /// - Parameter setting: the setting that the user must change to `float64`.
  public func fault(in value: Double, setting: String = "set training.precision to") -> String? {
    let rounded = rounded(value)
    guard value > 0, rounded == 0 || !rounded.isFinite else { return nil }
    return "which is \(rounded == 0 ? "0" : "infinite") in \(rawValue); make it \(rounded == 0 ? "larger" : "smaller")"
      + (self == .float32 ? ", or \(setting) float64" : "")
  }
}
