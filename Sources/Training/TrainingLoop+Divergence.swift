internal import Configurations
private import Datasets
package import Kernels

extension TrainingLoop {
  /// A step by its place in an epoch.
  typealias StepPlace = (epoch: Int, stepInEpoch: Int)

  /// What overflowed first where the loss of a minibatch is not finite. Collective; moves the parameters.
  ///
  /// - Parameters:
  ///   - step: the minibatch's, counted from 1.
  ///   - shard: this rank's part of it.
  func divergence(
    ofStep step: Int, at place: StepPlace, _ shard: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence {
    let before: StepPlace =
      place.stepInEpoch > 0 ? (place.epoch, place.stepInEpoch - 1) : (place.epoch - 1, plan.stepsPerEpoch - 1)
    if step > 1, let found = try divergence(afterStep: step - 1, at: before, over: ranks) { return found }
    let output = try self.step.overflowInOutputs(shard, over: ranks)
    return Divergence(output ?? "the loss itself", step: step, in: Scalar.precision)
  }

  /// What overflowed first where parameters or their averages are not finite after an update; nil where all are. Collective;
  /// moves the parameters.
  func divergence(
    afterStep step: Int, at place: StepPlace, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence? {
    if let statistic = try self.step.overflowInAverages(over: ranks) {
      return Divergence(statistic, step: step, in: Scalar.precision, isStatistic: true, mayBeEarlier: true)
    }
    guard let block = try self.step.overflowInParameters(over: ranks) else { return nil }
    // The statistics are gone, but the parameters that they were of are kept at the first step of an epoch.
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

  /// What overflowed first where the student or the hypergradient is not finite. Collective; moves the parameters.
  ///
  /// - Parameter fault: what was found not to be finite.
  func divergence(
    ofLearning fault: String, afterStep step: Int, at place: StepPlace,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence {
    if let found = try divergence(afterStep: step, at: place, over: ranks) { return found }
    if let student = learning?.judged?.step {
      let found = try student.overflowInAverages(over: ranks) ?? student.overflowInParameters(over: ranks)
      if let found {
        return Divergence("the student's \(found)", step: step, in: Scalar.precision, mayBeEarlier: true)
      }
    }
    return Divergence(fault, step: step, in: Scalar.precision)
  }

  /// What overflowed first where the trained network's loss is not finite. Collective; moves the parameters.
  ///
  /// - Parameter set: what it was judged on.
  package func divergence(
    judgedOn set: String, afterStep step: Int, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Divergence {
    let place: StepPlace = ((step - 1) / plan.stepsPerEpoch + 1, (step - 1) % plan.stepsPerEpoch)
    return try divergence(afterStep: step, at: place, over: ranks)
      ?? Divergence("the loss of the \(set)", step: step, in: Scalar.precision)
  }
}
