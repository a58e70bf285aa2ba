internal import Configurations
private import Datasets
public import Kernels
internal import Networks
internal import Optimizers

/// The quantity that overflowed first in a training that diverged.
public struct Divergence: Equatable, Sendable, CustomStringConvertible {
  /// The quantity as the subject of a sentence, such as `wDDot of layers.12.weight`.
  public let quantity: String
  /// The step at which the overflow was found, counted from the beginning of the run.
  public private(set) var step: Int
  /// Whether the overflow may have happened before that step: averages stay non-finite.
  public let mayBeEarlier: Bool
  public let precision: Precision
  /// Whether the quantity is Ẇ or Ẅ.
  let isStatistic: Bool

  package init(
    _ quantity: String, step: Int, in precision: Precision, isStatistic: Bool = false, mayBeEarlier: Bool = false
  ) {
    (self.quantity, self.step, self.precision) = (quantity, step, precision)
    (self.isStatistic, self.mayBeEarlier) = (isStatistic, mayBeEarlier && step > 1)
  }

  /// The same divergence, in a cycle that follows `steps` steps of earlier cycles.
  package func following(_ steps: Int) -> Divergence {
    var divergence = self
    divergence.step += steps
    return divergence
  }

  public var description: String {
    "\(quantity) overflowed \(precision.rawValue) \(mayBeEarlier ? "by" : "at") step \(step)"
  }
}

extension Configuration {
  /// Changes of settings that may help a training that diverged, as the end of a sentence.
  ///
  /// - Parameter learnsWeights: whether the training also learned sample weights and, with three levels, a student.
  package func remedies(for divergence: Divergence?, learnsWeights: Bool) -> String {
    let isStatistic = divergence?.isStatistic ?? false
    var remedies: [String] = []
    // Before the first update the rates have had no effect.
    if !isStatistic || divergence?.step != 1 { remedies += smallerRates(learnsWeights: learnsWeights) }
    if training.precision == .float32 { remedies.append("training.precision=float64") }
    // Ẅ grows with the depth of a network, whatever the size of the network's values.
    if isStatistic, optimizer.settings.needsCurvature { remedies.append("optimizer.name=adam") }
    if !isStatistic, !network.flatMap(\.all).contains(.batchNorm) { remedies.append("batchNorm layers") }
    return Self.mayHelp(remedies.isEmpty ? ["a network of fewer layers"] : remedies)
  }

  /// Changes of settings that may help a training whose loss is finite, but far above the loss at the start.
  package var remediesForHighLoss: String {
    let rates = smallerRates(learnsWeights: false)
    return Self.mayHelp(
      rates.isEmpty ? ["another training.initialization", "batchNorm layers", "optimizer.name=adam"] : rates)
  }

  private static func mayHelp(_ remedies: [String]) -> String {
    let others = remedies.dropLast()
    return (others.isEmpty ? "" : others.joined(separator: ", ") + " or ") + remedies[remedies.count - 1] + " may help"
  }

  /// The advice to lower each rate that the settings name.
  private func smallerRates(learnsWeights: Bool) -> [String] {
    var rates = [("optimizer.learningRate", optimizer.learningRate)]
    if learnsWeights, let reweight {
      rates.append(("reweight.learningRate", reweight.learningRate))
      if reweight.levels == 3 {
        rates.append(("reweight.student.optimizer.learningRate", ofStudent.optimizer.learningRate))
      }
    }
    return rates.compactMap { key, rate in
      rate.map { "a smaller \(key) (is \(Int(exactly: $0).map(String.init) ?? "\($0)"))" }
    }
  }
}

extension TrainingLoop {
  /// The place of a step in its epoch.
  typealias StepPlace = (epoch: Int, stepInEpoch: Int)

  /// The quantity that overflowed first where the loss of a minibatch is not finite. Collective; changes the
  /// parameters.
  ///
  /// - Parameters:
  ///   - step: the number of the minibatch's step, counted from 1.
  ///   - shard: this rank's shard of the minibatch.
  func divergence(
    ofStep step: Int, at place: StepPlace, _ shard: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence {
    let before: StepPlace =
      place.stepInEpoch > 0 ? (place.epoch, place.stepInEpoch - 1) : (place.epoch - 1, plan.stepsPerEpoch - 1)
    if step > 1, let found = try divergence(afterStep: step - 1, at: before, over: ranks) { return found }
    let output = try self.step.overflowInOutputs(shard, over: ranks)
    return Divergence(output ?? "the loss itself", step: step, in: Scalar.precision)
  }

  /// The quantity that overflowed first where parameters or their averages are not finite after an update; nil where
  /// all are finite. Collective; changes the parameters.
  func divergence(
    afterStep step: Int, at place: StepPlace, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence? {
    if let statistic = try self.step.overflowInAverages(over: ranks) {
      return Divergence(statistic, step: step, in: Scalar.precision, isStatistic: true, mayBeEarlier: true)
    }
    guard let block = try self.step.overflowInParameters(over: ranks) else { return nil }
    // The statistics are gone, but at the first step of an epoch the parameters at which they were computed are kept.
    if place.stepInEpoch == 0 {
      try restoreLastGood()
      var order = EpochOrder(seed: configuration.training.seed, count: plan.samples)
      order.shuffle(epoch: place.epoch)
      let batch = plan.minibatch(0)
      if let statistic = try self.step.overflowInStatistics(
        order.positions.span.extracting(ranks.shard(batch)), samples: batch.count, epoch: place.epoch,
        stepsBefore: step - 1, over: ranks)
      {
        return Divergence(statistic, step: step, in: Scalar.precision, isStatistic: true)
      }
    }
    return Divergence(block, step: step, in: Scalar.precision)
  }

  /// The quantity that overflowed first where the student or the hypergradient is not finite. Collective; changes the
  /// parameters.
  ///
  /// - Parameter fault: the quantity that was found not to be finite.
  func divergence(
    ofLearning fault: String, afterStep step: Int, at place: StepPlace,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence {
    if let found = try divergence(afterStep: step, at: place, over: ranks) { return found }
    if let student = learning?.evaluated?.step {
      let found = try student.overflowInAverages(over: ranks) ?? student.overflowInParameters(over: ranks)
      if let found {
        return Divergence("the student's \(found)", step: step, in: Scalar.precision, mayBeEarlier: true)
      }
    }
    return Divergence(fault, step: step, in: Scalar.precision)
  }

  /// The quantity that overflowed first where the trained network's loss is not finite. Collective; changes the
  /// parameters.
  ///
  /// - Parameter set: the set on which the network was evaluated.
  package func divergence(
    evaluatedOn set: String, afterStep step: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence {
    let place: StepPlace = ((step - 1) / plan.stepsPerEpoch + 1, (step - 1) % plan.stepsPerEpoch)
    return try divergence(afterStep: step, at: place, over: ranks)
      ?? Divergence("the loss of the \(set)", step: step, in: Scalar.precision)
  }
}
