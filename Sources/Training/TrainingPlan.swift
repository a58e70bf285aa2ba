public import Configurations

/// How many steps a run takes, and on which samples each of them.
public struct TrainingPlan: Equatable, Sendable {
  /// The samples of the training set, N.
  public let samples: Int
  /// The most samples of a global minibatch, B; there may be fewer samples than that.
  public let batch: Int
  public let lastBatch: LastBatch
  /// The steps of the whole run; the last epoch may be cut short.
  public let steps: Int

  /// Whole epochs.
  public init(samples: Int, batch: Int, lastBatch: LastBatch, epochs: Int) {
    self.init(samples: samples, batch: batch, lastBatch: lastBatch, steps: 0, epochs: epochs)
  }

  /// So many steps, wherever in an epoch the last one is.
  public init(samples: Int, batch: Int, lastBatch: LastBatch, steps: Int) {
    self.init(samples: samples, batch: batch, lastBatch: lastBatch, steps: steps, epochs: 0)
  }

  /// As a configuration says.
  ///
  /// - Parameter steps: the configuration's epochs where nil.
  public init(samples: Int, _ training: TrainingConfiguration, steps: Int? = nil) {
    self.init(
      samples: samples, batch: training.batch, lastBatch: training.lastBatch, steps: steps ?? 0,
      epochs: steps == nil ? training.epochs : 0)
  }

  private init(samples: Int, batch: Int, lastBatch: LastBatch, steps: Int, epochs: Int) {
    precondition(samples > 0 && batch > 0, "a run needs samples, and minibatches of at least one")
    (self.samples, self.batch, self.lastBatch) = (samples, batch, lastBatch)
    stepsPerEpoch = max(1, lastBatch == .drop ? samples / batch : (samples + batch - 1) / batch)
    self.steps = steps + epochs * stepsPerEpoch
  }

  /// As many steps, at least one, as take the time of these where each takes `ratio` times as long.
  public func fitted(toStepsTaking ratio: Double) -> TrainingPlan {
    precondition(ratio > 0, "a step takes some time")
    return TrainingPlan(
      samples: samples, batch: batch, lastBatch: lastBatch, steps: max(1, Int((Double(steps) / ratio).rounded())))
  }

  /// The batches of an epoch, m: ⌈N/B⌉, or ⌊N/B⌋ with ``LastBatch/drop``, at least one.
  public let stepsPerEpoch: Int
  /// The number of epochs, counting one that is cut short.
  public var epochs: Int { (steps + stepsPerEpoch - 1) / stepsPerEpoch }

  /// The part of an epoch's order of the samples that a step of the epoch works on: with ``LastBatch/spread`` the positions
  /// ⌊kN/m⌋ … ⌊(k + 1)N/m⌋ − 1.
  public func minibatch(_ k: Int) -> Range<Int> {
    switch lastBatch {
    // A position has 32 bits, and m is at most N: the products fit.
    case .spread: k * samples / stepsPerEpoch..<(k + 1) * samples / stepsPerEpoch
    case .keep, .drop: min(k * batch, samples)..<min((k + 1) * batch, samples)
    }
  }

  /// The most and the fewest samples of a minibatch in a whole epoch.
  var largestBatch: Int { lastBatch == .spread ? (samples + stepsPerEpoch - 1) / stepsPerEpoch : min(batch, samples) }
  var smallestBatch: Int {
    lastBatch == .spread ? samples / stepsPerEpoch : minibatch(stepsPerEpoch - 1).count
  }
}
