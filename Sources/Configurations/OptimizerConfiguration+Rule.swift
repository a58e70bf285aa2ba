public import Networks
package import Optimizers

extension OptimizerConfiguration {
  /// The update that the settings stand for.
  package var rule: any Optimizer { settings.moving(at: learningRate) }

  /// (M15) from the configured λ on; nil where λ follows the schedule alone.
  package var trust: TrustRatio? {
    guard let trustRatio = settings.trustRatio, let learningRate else { return nil }
    return TrustRatio(rate: learningRate, every: trustRatio.every, target: trustRatio.target)
  }

  /// Whether the learning rate is found in the course of training.
  package var findsLearningRate: Bool { learningRate == nil || trust != nil }
}

/// How Ẅ is used; what is standard where the optimizer does not use it.
extension OptimizerConfiguration {
  private var curvature: CurvatureUse { settings.curvatureUse ?? CurvatureUse() }

  /// Ẅ is computed every so many steps.
  package var curvatureEvery: Int { curvature.every }

  public var bound: Bound { curvature.bound }

  public var lossPartition: LossPartition { curvature.partition }
}

extension ScheduleConfiguration {
  package var schedule: Schedule { Schedule(name, decay: decay, factor: factor, scale: scale, warmup: warmup) }
}
