/// How many steps a run takes, and on which samples each of them.
public struct TrainingPlan: Equatable, Sendable {
  /// The samples of the training set.
  public let samples: Int
  /// The samples of a global minibatch; the last one of an epoch may be shorter.
  public let batch: Int
  /// The steps of the whole run; the last epoch may be cut short.
  public let steps: Int

  /// Whole epochs.
  public init(samples: Int, batch: Int, epochs: Int) {
    self.init(samples: samples, batch: batch, steps: 0, epochs: epochs)
  }

  /// So many steps, wherever in an epoch the last one is.
  public init(samples: Int, batch: Int, steps: Int) {
    self.init(samples: samples, batch: batch, steps: steps, epochs: 0)
  }

  private init(samples: Int, batch: Int, steps: Int, epochs: Int) {
    precondition(samples > 0 && batch > 0, "a run needs samples, and minibatches of at least one")
    self.samples = samples
    self.batch = min(batch, samples)
    self.steps = steps + epochs * ((samples + self.batch - 1) / self.batch)
  }

  /// As many steps, at least one, as take the time of these where each takes `ratio` times as long.
  public func fitted(toStepsTaking ratio: Double) -> TrainingPlan {
    precondition(ratio > 0, "a step takes some time")
    return TrainingPlan(samples: samples, batch: batch, steps: max(1, Int((Double(steps) / ratio).rounded())))
  }

  public var stepsPerEpoch: Int { (samples + batch - 1) / batch }
  /// The number of epochs, counting one that is cut short.
  public var epochs: Int { (steps + stepsPerEpoch - 1) / stepsPerEpoch }

  /// The part of an epoch's order of the samples that a step of the epoch works on.
  func minibatch(_ stepInEpoch: Int) -> Range<Int> {
    stepInEpoch * batch..<min((stepInEpoch + 1) * batch, samples)
  }
}
