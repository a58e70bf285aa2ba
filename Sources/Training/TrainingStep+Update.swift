public import Kernels
private import Networks
private import Optimizers

extension TrainingStep {
  /// Applies the step of the last statistics; where its trust ratio is due, judges it on the same minibatch and dropout
  /// masks. Collective.
  ///
  /// - Parameter factor: what the schedule makes of the learning rate.
  public func update(factor: Double, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let isJudged = isJudged
    appliedRate = (trustRatio?.rate ?? configuredRate) * factor
    wasUndone = false
    steps += 1
    if isJudged || keepsParametersBefore { before.all.copy(from: parameters.all) }
    if movesWithSums {
      let step: WeightStep<Scalar> = rule.weightStep(
        samples: minibatch.samples, rate: appliedRate, regularization: regularization)
      network.moveSeparableWeights(
        step, inputs: memory?.inputs ?? inputs.prefix(minibatch.rows), parameters: parameters.all, into: statistics)
    }
    let part = movesWithSums ? rest : nil
    if let memory {
      try memory.update(
        rule, sums: statistics, samples: minibatch.samples, state: state, rate: appliedRate,
        regularization: regularization, layout: network.layout, part: part ?? memory.part)
    } else {
      rule.update(
        parameters.all, sums: statistics, samples: minibatch.samples, state: state, rate: appliedRate,
        regularization: regularization, layout: network.layout, part: part)
    }
    learningRate = appliedRate * (state.distance?.longestStep ?? 1)
    if isJudged { try judge(over: ranks) }
  }

  /// P_k = −∂(Δw_k)/∂Ẇ_k of the last update, Ẇ as a sum over the samples, with all else as it was in the update
  /// (`Optimizer.stepDerivative`); 0 where the update was undone. To be asked for before the next statistics.
  ///
  /// The derivative of w + Δw by the weight of a sample is −P ∇f_i, with ∇f_i at ``parametersBefore``.
  ///
  /// - Parameter p: P, in the order of the network's layout; the same on every rank.
  public func stepDerivative(into p: Vector<Scalar>) {
    precondition(steps > 0, "without an update there is no derivative of it")
    precondition(!movesWithSums, "a derivative asks for sums, which are kept where that was asked for")
    guard !wasUndone else {
      p.fill(0)
      return
    }
    rule.stepDerivative(
      into: p, sums: statistics, samples: minibatch.samples, state: state, rate: appliedRate,
      regularization: regularization, layout: network.layout)
  }
}
