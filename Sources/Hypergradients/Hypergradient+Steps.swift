public import Kernels
public import Networks

/// The specification's own steps, for a chain without a training of its own.
extension Hypergradient {
  /// W' = W − P_W ∘ Σ_i a_i ∇ℓ_i(W) of (M23), written to `step.after`. Collective.
  ///
  /// - Parameters:
  ///   - weights: a, [training rows].
  public func takeTeacherStep(
    _ step: StepTaken<Scalar>, training examples: Samples<Scalar>, weights: Vector<Scalar>,
    masks: Pass.DropoutMasks? = nil, ids: [Int32] = [], over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    guard weights.count == examples.inputs.rows else {
      throw HypergradientError(
        "there are \(weights.count) weights for \(examples.inputs.rows) training examples; give one for each")
    }
    let rows = ranks.shard(0..<examples.inputs.rows)
    let (x, t) = (examples.inputs[rows], examples.targets[rows])
    _ = training.forward(x, at: step.before, masks: masks, ids: ids.span.extracting(masks == nil ? 0..<0 : rows))
    _ = training.network.addStatistics(
      inputs: x, targets: t, parameters: step.before, loss: training.loss, partition: .automatic, bound: .paper,
      weights: weights[rows], into: StatisticsSlice(wDot: teacherGradient.all, wDDot: nil))
    try ranks.sum(teacherGradient.all)
    step.derivative.step(from: step.before, along: teacherGradient.all, into: step.after)
  }

  /// V' = V − P_V ∘ ∇_V [Ψ(W', V) + κ Σ_p ℓ_p(V)] of (M24), written to `step.after`. Collective.
  ///
  /// - Parameters:
  ///   - teacher: W'; the student learns the soft labels of the teacher at W'.
  public func takeStudentStep(
    _ step: StepTaken<Scalar>, teacher: Vector<Scalar>, samples: ChainSamples<Scalar>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    guard let labelling, let learning, let pairing, let unlabelled = samples.unlabelled else {
      preconditionFailure("only a chain of three levels has a student, who needs unlabelled samples")
    }
    let rows = ranks.shard(0..<unlabelled.rows)
    let x = unlabelled[rows]
    let labels = reserveLabels(x.rows)
    labelling.loss.softLabels(labelling.forward(x, at: teacher, ids: Span()), into: labels)
    let masks = samples.masks
    _ = learning.forward(
      x, at: step.before, masks: masks, ids: samples.unlabelledIDs.span.extracting(masks == nil ? 0..<0 : rows))
    _ = learning.network.addStatistics(
      inputs: x, targets: labels, parameters: step.before, loss: learning.loss, partition: .automatic, bound: .paper,
      into: StatisticsSlice(wDot: studentGradient.all, wDDot: nil))
    if let pairs = samples.pairs, samples.pairWeight != 0 {
      let rows = ranks.shard(0..<pairs.inputs.rows)
      if pairWeights.count < rows.count { pairWeights = Arena(count: rows.count) }
      let weights = pairWeights.all[0..<rows.count]
      weights.fill(Scalar(samples.pairWeight))
      let (x, t) = (pairs.inputs[rows], pairs.targets[rows])
      _ = pairing.forward(x, at: step.before, ids: Span())
      _ = pairing.network.addStatistics(
        inputs: x, targets: t, parameters: step.before, loss: pairing.loss, partition: .automatic, bound: .paper,
        weights: weights, into: StatisticsSlice(wDot: studentGradient.all, wDDot: nil), accumulating: true)
    }
    try ranks.sum(studentGradient.all)
    step.derivative.step(from: step.before, along: studentGradient.all, into: step.after)
  }
}
