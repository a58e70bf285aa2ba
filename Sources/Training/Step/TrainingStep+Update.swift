public import Kernels
private import Networks
public import Optimizers
internal import Ranks

extension TrainingStep {
  /// Applies the update from the last statistics; where the trust ratio is due, tests it on the same minibatch with the
  /// same dropout masks. Collective.
  ///
  /// - Parameter factor: the schedule's factor of the learning rate.
  public func update(factor: Double, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let isTested = isTested
    let testedGroups = state.lengths?.tested(step: steps)
    appliedRate = (trustRatio?.rate ?? settings.rate) * factor
    wasUndone = false
    steps += 1
    if isTested || keepsParametersBefore { before?.all.copy(from: parameters.all) }
    if movesWithSums {
      let step: WeightStep<Scalar> = settings.rule.weightStep(
        samples: minibatch.samples, rate: appliedRate, regularization: settings.regularization)
      network.moveSeparableWeights(
        step, inputs: reduction.summedInputs, parameters: parameters.all, into: statistics)
    }
    if hasCurvature, let unitSums, let rule = settings.rule as? ResidualPartitioning {
      try state.units?.takeUp(
        unitSums.sums.values, samples: minibatch.samples, exponent: { network.curvatureExponent(of: $0) },
        decay: rule.curvatureDecay, power: rule.curvaturePower, over: ranks)
    }
    try reduction.update(
      settings.rule, hasCurvature: hasParameterCurvature, samples: minibatch.samples, state: state, rate: appliedRate,
      regularization: settings.regularization, rest: movesWithSums ? rest : nil)
    if trustRatio != nil, isTested { try testTrustRatio(over: ranks) }
    if let testedGroups { try testLengths(of: testedGroups, over: ranks) }
    learningRate = appliedRate * state.longestStep
  }

  /// P_k = −∂(Δw_k)/∂Ẇ_k of the last update, where Ẇ is a sum over the samples and everything else is as in the update
  /// (`Optimizer.stepDerivative`); 0 where the update was undone. Call it before the next statistics.
  ///
  /// The derivative of w + Δw by the weight of a sample is −P ∇f_i, with ∇f_i at ``parametersBefore``.
  ///
  /// - Parameter p: P, in the order of the network's layout; the same on every rank.
  /// - Returns: by unit, the matrices P by which the derivative also multiplies: v ↦ p ∘ (v P); nil elsewhere.
  @discardableResult
  public func stepDerivative(into p: Vector<Scalar>) -> UnitRoots<Scalar>? {
    precondition(steps > 0, "without an update there is no derivative of it")
    precondition(!movesWithSums, "a derivative asks for sums, which are kept where that was asked for")
    guard !wasUndone else {
      p.fill(0)
      return state.units?.roots
    }
    settings.rule.stepDerivative(
      into: p, sums: statistics, samples: minibatch.samples, state: state, rate: appliedRate,
      regularization: settings.regularization, layout: network.layout)
    return state.units?.roots
  }
}
