internal import Optimizers

extension OptimizerConfiguration {
  /// An optimizer with the settings that are standard beside its learning rate: residual partitioning with a λ is the
  /// paper's plain step (M11); with a trust ratio it is smoothed (M14); with neither it finds the lengths of its steps.
  init(_ name: Name, learningRate: Double?, trustRatio: TrustRatioConfiguration?) {
    self.init(name)
    (self.learningRate, self.trustRatio) = (learningRate, trustRatio)
    guard name == .residualPartitioning, learningRate != nil else { return }
    (curvaturePower, layerScale) = (.one, .none)
    if trustRatio == nil { (momentum, curvatureDecay) = (0, 0) }
  }

  /// The same optimizer with another learning rate, as if that had been written in the configuration.
  ///
  /// Settings that have the standard value beside the old learning rate get the one beside the new one, whether they
  /// were written or left out; all others stay.
  public func with(learningRate rate: Double) -> OptimizerConfiguration {
    let old = OptimizerConfiguration(name, learningRate: learningRate, trustRatio: trustRatio)
    let new = OptimizerConfiguration(name, learningRate: rate, trustRatio: trustRatio)
    var changed = self
    changed.learningRate = rate
    if momentum == old.momentum { changed.momentum = new.momentum }
    if curvatureDecay == old.curvatureDecay { changed.curvatureDecay = new.curvatureDecay }
    if curvaturePower == old.curvaturePower { changed.curvaturePower = new.curvaturePower }
    if layerScale == old.layerScale { changed.layerScale = new.layerScale }
    return changed
  }
}

extension OptimizerConfiguration.Name {
  /// The learning rates that are tried where the configuration names none; nil where there is none to choose.
  package var standardGrid: [Double]? {
    switch self {
    case .sgd, .momentum: [0.003, 0.01, 0.03, 0.1, 0.3]
    case .rmsprop, .adam: [0.0003, 0.001, 0.003, 0.01]
    case .residualPartitioning: nil
    }
  }
}
