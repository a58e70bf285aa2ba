package import Optimizers

extension OptimizerConfiguration {
  /// The update that the settings stand for.
  package var rule: UpdateRule {
    switch name {
    case .sgd: .sgd
    case .momentum: .momentum(Momentum(decay: momentum))
    case .rmsprop: .rmsprop(RMSprop(decay: decay, epsilon: epsilon))
    case .adam: .adam(Adam(momentum: beta1, decay: beta2, epsilon: epsilon))
    case .residualPartitioning:
      .residualPartitioning(
        ResidualPartitioning(
          momentum: momentum, curvatureDecay: curvatureDecay, damping: damping, curvaturePower: curvaturePower,
          layerScale: layerScale, findsLength: learningRate == nil))
    }
  }

  /// (M15) from the configured λ on; nil where λ follows the schedule alone.
  package var trust: TrustRatio? {
    guard name == .residualPartitioning, let trustRatio, let learningRate else { return nil }
    return TrustRatio(rate: learningRate, every: trustRatio.every, target: trustRatio.target)
  }

  /// Whether the learning rate is found in the course of training.
  package var findsLearningRate: Bool { learningRate == nil || trust != nil }
}

extension ScheduleConfiguration {
  package var schedule: Schedule { Schedule(name, decay: decay, factor: factor, scale: scale, warmup: warmup) }
}
