public import Configurations
package import Kernels
package import Networks
package import Optimizers

/// How many steps a run takes, and the samples of each step.
public struct TrainingPlan: Equatable, Sendable {
  /// The samples of the training set, N.
  public let samples: Int
  /// The most samples of a global minibatch, B; the training set may have fewer.
  public let batch: Int
  public let lastBatch: LastBatch
  /// The steps of the whole run; the last epoch may be cut short.
  public let steps: Int

  /// A plan of whole epochs.
  public init(samples: Int, batch: Int, lastBatch: LastBatch, epochs: Int) {
    self.init(samples: samples, batch: batch, lastBatch: lastBatch, steps: 0, epochs: epochs)
  }

  /// A plan of so many steps; the last step may be anywhere in an epoch.
  public init(samples: Int, batch: Int, lastBatch: LastBatch, steps: Int) {
    self.init(samples: samples, batch: batch, lastBatch: lastBatch, steps: steps, epochs: 0)
  }

  /// The plan of a configuration.
  ///
  /// - Parameter steps: the number of steps; nil for the configuration's epochs.
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

  /// A plan whose steps take as long in all as the steps of this plan, where each takes `ratio` times as long; at least
  /// one step.
  public func fitted(toStepsTaking ratio: Double) -> TrainingPlan {
    precondition(ratio > 0, "a step takes some time")
    return TrainingPlan(
      samples: samples, batch: batch, lastBatch: lastBatch, steps: max(1, Int((Double(steps) / ratio).rounded())))
  }

  /// The number of batches in an epoch, m: ⌈N/B⌉, or ⌊N/B⌋ with ``LastBatch/drop``, at least one.
  public let stepsPerEpoch: Int
  /// The number of epochs, counting one that is cut short.
  public var epochs: Int { (steps + stepsPerEpoch - 1) / stepsPerEpoch }

  /// The part of an epoch's sample order that belongs to a step of the epoch: with ``LastBatch/spread`` the positions
  /// ⌊kN/m⌋ … ⌊(k + 1)N/m⌋ − 1.
  public func minibatch(_ k: Int) -> Range<Int> {
    switch lastBatch {
    // A position has 32 bits, and m is at most N: the products fit.
    case .spread: k * samples / stepsPerEpoch..<(k + 1) * samples / stepsPerEpoch
    case .keep, .drop: min(k * batch, samples)..<min((k + 1) * batch, samples)
    }
  }

  /// What the lengths of steps depend on.
  package var length: RunLength { RunLength(steps: steps, batch: largestBatch) }

  /// The size of the largest and of the smallest minibatch in a whole epoch.
  var largestBatch: Int { lastBatch == .spread ? (samples + stepsPerEpoch - 1) / stepsPerEpoch : min(batch, samples) }
  var smallestBatch: Int {
    lastBatch == .spread ? samples / stepsPerEpoch : minibatch(stepsPerEpoch - 1).count
  }
}

extension TrainingPlan {
  /// Refuses minibatches from which a network cannot learn.
  ///
  /// - Throws: ``ConfigurationError`` where no batch is left, or one has too few rows for ``Network/checkRows(of:_:)``.
  package func check<Scalar: Real>(_ network: Network<Scalar>) throws(ConfigurationError) {
    try require(
      lastBatch != .drop || samples >= batch,
      "training.lastBatch drop leaves out samples that do not fill a batch, but training.batch is \(batch) and there are "
        + "\(samples) samples to train on, so nothing is left; make training.batch at most \(samples), or set "
        + "training.lastBatch to spread")
    let problem =
      if samples == 1 {
        "there is 1 sample to train on; give it more samples, or leave batchNorm out"
      } else if batch == 1 {
        "training.batch is 1; make it larger, for example 100"
      } else if lastBatch == .spread {
        "training.batch is \(batch), so one of the batches that share \(samples) samples has 1 sample; make it larger"
      } else {
        "the last batch of \(samples) samples in batches of \(batch) has 1 sample; set training.lastBatch to "
          + (batch == 2 ? "drop" : "spread")
      }
    try network.checkRows(of: smallestBatch, problem)
  }
}

extension Network {
  /// Refuses batch normalisation over one row: the row is its own mean, so the layer's outputs do not depend on its
  /// inputs, and no layer below it learns.
  ///
  /// - Parameters:
  ///   - samples: the size of the smallest minibatch.
  ///   - problem: the reason for so few samples, and the remedy.
  package func checkRows(of samples: Int, _ problem: @autoclosure () -> String) throws(ConfigurationError) {
    guard let rows = normalizedRows(samples: samples), rows < 2 else { return }
    throw ConfigurationError(
      "network: batchNorm takes mean and variance over the rows (samples × positions) of a batch and learns nothing "
        + "from one row, but \(problem())")
  }
}

/// The order of a set of samples in each pass over it: a permutation addressed by (seed, purpose, pass), never by
/// ranks.
package struct EpochOrder {
  private let seed: UInt64
  private let purpose: RandomStream.Purpose
  /// Positions in the set.
  package private(set) var positions: [Int32]

  package init(seed: Int, _ purpose: RandomStream.Purpose = .shuffle, count: Int) {
    (self.seed, self.purpose) = (UInt64(seed), purpose)
    positions = Array(0..<Int32(count))
  }

  /// Puts the positions into an epoch's order, in place.
  package mutating func shuffle(epoch: Int) {
    for k in positions.indices { positions[k] = Int32(k) }
    RandomStream(seed: seed, purpose, epoch).shuffle(&positions)
  }
}
