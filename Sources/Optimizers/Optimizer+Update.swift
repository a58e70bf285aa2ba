public import Kernels
public import Networks

extension Optimizer {
  /// w ← w + Δw, for every trained parameter of a part. Collective among the ranks whose parts together are all
  /// parameters.
  ///
  /// A step whose length depends on all parameters, because the length is found or has a layer scale, takes two
  /// traversals. The first updates the averages and measures; the second updates the parameters. Between them the
  /// measures are summed over `ranks`.
  ///
  /// - Parameters:
  ///   - parameters: w, updated in place.
  ///   - sums: Ẇ and Ẅ as sums over the samples of the global minibatch, without R. Optimizers that use Ẅ read it;
  ///     where it is nil because this step did not compute it, they use v̂ of the state.
  ///   - samples: S, the number of samples in those sums.
  ///   - state: made for this optimizer; the call advances it by one step.
  ///   - rate: α or λ of this step, see ``Schedule`` and ``TrustRatio``; where the optimizer finds its lengths, a
  ///     factor of them.
  ///   - part: the elements of `parameters`, `sums` and `state` that are read and written.
  ///   - ranks: the ranks that update the other parts in the same step.
  /// - Throws: errors of the sum over the ranks.
  /// - Complexity: one traversal of the arrays; two in the case above, three with ``LayerScale/unit`` and lengths that
  ///   are found. Allocates nothing.
  public func update<Scalar: Real>(
    _ parameters: Vector<Scalar>, sums: StatisticsSlice<Scalar>, samples: Int, state: OptimizerState<Scalar>,
    rate: Double, regularization: Regularization, layout: ParameterLayout, part: ParameterPart,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    state.firstUpdates += 1
    if !needsCurvature || sums.wDDot != nil { state.secondUpdates += 1 }
    let update = ParameterUpdate(
      parameters: parameters, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization,
      layout: layout, part: part)
    try measure(update, over: ranks)
    for (index, block) in layout.blocks.enumerated() where block.isTrained { move(update.block(index)) }
  }

  /// The same on a single rank, or where every rank has all sums.
  ///
  /// - Parameter part: nil for all parameters.
  public func update<Scalar: Real>(
    _ parameters: Vector<Scalar>, sums: StatisticsSlice<Scalar>, samples: Int, state: OptimizerState<Scalar>,
    rate: Double, regularization: Regularization, layout: ParameterLayout, part: ParameterPart? = nil
  ) {
    do {
      try update(
        parameters, sums: sums, samples: samples, state: state, rate: rate, regularization: regularization,
        layout: layout, part: part ?? state.whole, over: SingleRank())
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
  }
}

extension Optimizer {
  /// The step of the weights, with the same bits as ``update(_:sums:samples:state:rate:regularization:layout:part:)``.
  ///
  /// - Parameters: see there.
  /// - Precondition: ``isWeightStep`` is true, and every step has a new Ẅ.
  public func weightStep<Scalar: Real>(
    samples: Int, rate: Double, regularization: Regularization
  ) -> WeightStep<Scalar> {
    precondition(isWeightStep, "a step that depends on more than a weight's own sums cannot be taken with them")
    let strengths = regularization.strengths(.weight)
    let l2 = Scalar(strengths.l2)
    return WeightStep(
      rate: Scalar(rate), perSample: 1 / Scalar(samples), l2: l2, l1: Scalar(strengths.l1),
      base: weightStepBase(rate: rate, l2: l2))
  }
}
