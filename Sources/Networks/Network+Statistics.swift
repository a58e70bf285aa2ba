public import Kernels

extension Network {
  /// (M6–M10, M13) The losses of the minibatch of the last forward pass, and the sums Ẇ and Ẅ over its samples.
  ///
  /// Where ranks share their signals, the sums of layers with separable statistics are left out;
  /// ``formSeparableStatistics(inputs:bound:into:)`` forms them when all ranks have finished this call.
  ///
  /// If `sums.wDDot` is nil, only the gradient is computed, and u is neither needed nor touched. Collective, but Ẇ, Ẅ
  /// and the loss cover only this rank's rows; the caller adds them up over the ranks together. Ẇ and Ẅ of the running
  /// averages are 0.
  ///
  /// - Parameters:
  ///   - inputs: the rows given to the forward pass, [rows × inputs]; there may be none.
  ///   - targets: [rows × outputs].
  ///   - weights: a_i, [rows], for the loss Σ a_i f_i: Ẏ of a row is multiplied by a_i and its h by |a_i|, so that Ẅ
  ///     stays a bound; 1 where nil.
  ///   - sums: Ẇ and Ẅ, each [``layout``.count]; overwritten, or added to when accumulating.
  ///   - leavingSeparable: whether the sums of layers with separable statistics are left out even where no ranks share
  ///     signals.
  /// - Returns: the sum of the rows' losses, each times its weight, without regularisation.
  /// - Throws: what the sum over the ranks throws.
  /// - Complexity: for each affine layer two products of its weights' size; with curvature four, and one more above the
  ///   first layer.
  public func addStatistics(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss, partition: LossPartition,
    bound: Bound, weights: Vector<Scalar>? = nil, into sums: StatisticsSlice<Scalar>, accumulating: Bool = false,
    leavingSeparable: Bool = false, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    let (total, boundary) = evaluateLoss(
      inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition, weights: weights,
      wantsCurvature: sums.wDDot != nil)
    try formSums(
      from: boundary, inputs: inputs, parameters: parameters, bound: bound, into: sums, accumulating: accumulating,
      leavingSeparable: leavingSeparable, over: ranks)
    return total
  }

  /// (M3–M7) The losses of the minibatch of the last forward pass, with Ẏ and, where it is wanted, Z at a boundary.
  ///
  /// - Returns: the sum of the rows' losses, each times its weight, and the boundary: the output, or the one below it where
  ///   the layer at the output forms the squared error.
  func evaluateLoss(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss,
    _ partition: LossPartition, weights: Vector<Scalar>?, wantsCurvature: Bool
  ) -> (total: Double, boundary: Int) {
    if loss == .squaredError, partition == .automatic, weights == nil,
      let error = squaredError(inputs: inputs, targets: targets, parameters: parameters, wantsCurvature)
    {
      return (error, links[top - 1].input)
    }
    let u = wantsCurvature ? totalGradient(inputs, parameters: parameters) : nil
    return (evaluateAtOutput(loss, targets: targets, weights: weights, totalGradient: u, partition), top)
  }

  /// (M3–M7) Turns h at the output into Z.
  func partitionCurvature(
    of loss: Loss, inputs: Matrix<Scalar>, parameters: Vector<Scalar>, _ partition: LossPartition
  ) {
    loss.partitionCurvature(
      own(zs[top], inputs.rows), totalGradient: totalGradient(inputs, parameters: parameters), partition)
  }

  /// Forms Ẇ from any given Ẏ at the output, such as the derivative of a quantity that depends on the parameters only
  /// through the outputs.
  ///
  /// For use after an evaluation pass, which needs no other rank.
  ///
  /// - Parameters:
  ///   - inputs, parameters: the arguments of the last forward pass.
  ///   - wDot: `Σ_s (∂y_s/∂w)ᵀ Ẏ_s`, [``layout``.count]; overwritten, or added to when accumulating.
  ///   - fill: writes Ẏ, [rows × outputs].
  /// - Complexity: two products for each affine layer, one for the first.
  public func pullBack(
    inputs: Matrix<Scalar>, parameters: Vector<Scalar>, into wDot: Vector<Scalar>, accumulating: Bool = false,
    _ fill: (Matrix<Scalar>) -> Void
  ) {
    fill(own(yDots[top], inputs.rows))
    do {
      try formSums(
        from: top, inputs: inputs, parameters: parameters, bound: .paper,
        into: StatisticsSlice(wDot: wDot, wDDot: nil),
        accumulating: accumulating, over: SingleRank())
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
  }

  /// The squared errors of the last forward pass, with Ẏ and, where it is wanted, Z (M6) below the layer at the output;
  /// nil where that layer cannot form them.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func squaredError(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, _ wantsCurvature: Bool
  ) -> Double? {
    guard let layer = squaredErrorLayer else { return nil }
    if wantsCurvature {
      precondition(pass.preparation != .gradient, "a pass that prepared a gradient has no total gradient")
      if pass.preparation == .everything { _ = totalGradient(inputs, parameters: parameters) }
    }
    let boundary = links[top - 1].input
    return layer.squaredError(
      outputs(of: inputs), targets: targets, below: sensitivity(at: boundary, rows: inputs.rows, wantsCurvature),
      totalGradient: wantsCurvature ? totalGradient(at: boundary, rows: inputs.rows) : nil)
  }

  /// The losses of the last forward pass with Ẏ and, where the total gradient u is given, Z at the output.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func evaluateAtOutput(
    _ loss: Loss, targets: Matrix<Scalar>, weights: Vector<Scalar>?, totalGradient u: Matrix<Scalar>?,
    _ partition: LossPartition
  ) -> Double {
    let samples = targets.rows
    let z = own(zs[top], samples)
    // In one pass: (M6) with a constant h.
    if loss == .squaredError, partition == .automatic, weights == nil {
      return evaluateSquaredError(
        own(values[top], samples), targets, own(yDots[top], samples), u == nil ? nil : z, totalGradient: u)
    }
    let total = evaluateRows(loss, targets: targets, weights: weights, rows: 0..<samples)
    if let u { loss.partitionCurvature(z, totalGradient: u, partition) }
    return total
  }

  /// The losses of some rows of the last forward pass with Ẏ and h at the output, each row times its weight.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func evaluateRows(_ loss: Loss, targets: Matrix<Scalar>, weights: Vector<Scalar>?, rows: Range<Int>) -> Double {
    let samples = targets.rows
    let (outputs, gradient, h) = (
      own(values[top], samples)[rows], own(yDots[top], samples)[rows], own(zs[top], samples)[rows]
    )
    guard let all = weights else {
      return loss.evaluate(outputs: outputs, targets: targets[rows], gradient: gradient, curvature: h)
    }
    precondition(all.count == samples, "every row needs its weight")
    let weights = all[rows]
    var total = 0.0
    loss.evaluateRows(outputs: outputs, targets: targets[rows], gradient: gradient, curvature: h) { row, value in
      total += Double(weights[row]) * value
    }
    for row in 0..<rows.count {
      let weight = weights[row]
      gradient[row].scale(by: weight)
      h[row].scale(by: weight.magnitude)
    }
    return total
  }

  /// (M8–M10, M13) Forms the sums from Ẏ and Z at a boundary.
  private func formSums(
    from boundary: Int, inputs: Matrix<Scalar>, parameters: Vector<Scalar>, bound: Bound,
    into sums: StatisticsSlice<Scalar>, accumulating: Bool, leavingSeparable: Bool = false,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    try passBack(
      from: boundary, inputs: inputs, parameters: parameters, bound: bound, wantsCurvature: sums.wDDot != nil,
      leavingSeparable: leavingSeparable, over: ranks
    ) { step, site, statistics in
      statistics.add(site, rows: 0..<inputs.rows, into: sums[layout.slices[step]], accumulating: accumulating)
    }
  }

  /// (M8, M10, M13) Passes Ẏ and Z back from a boundary.
  ///
  /// - Parameters:
  ///   - boundary: the output where nil.
  ///   - formSums: called for each layer with parameters when the signals above it are complete.
  func passBack(
    from boundary: Int? = nil, inputs: Matrix<Scalar>, parameters: Vector<Scalar>, bound: Bound, wantsCurvature: Bool,
    leavingSeparable: Bool = false, over ranks: borrowing some GlobalSum & ~Copyable,
    formSums: (_ step: Int, _ site: Site<Scalar>, _ statistics: StatisticsForm<Scalar>) -> Void
  ) throws {
    try walkBack(
      from: boundary ?? top, inputs: inputs, parameters: parameters, bound: bound, wantsCurvature: wantsCurvature
    ) {
      sensitivity(at: $0, rows: inputs.rows, wantsCurvature)
    } visit: { step, site, layer in
      let statistics = layer.statistics
      // Sums that are left out are formed later, unit by unit.
      let isLeft = statistics.separable != nil && (leavingSeparable || sharing != nil)
      if !layout.slices[step].isEmpty, !isLeft { formSums(step, site, statistics) }
    } passBack: { layer, site in
      try layer.backward(site, over: ranks)
    }
  }

  /// The same on a single rank, which holds the whole minibatch, or after an evaluation pass, which needs no other rank.
  public func addStatistics(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss, partition: LossPartition,
    bound: Bound, weights: Vector<Scalar>? = nil, into sums: StatisticsSlice<Scalar>, accumulating: Bool = false
  ) -> Double {
    do {
      return try addStatistics(
        inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition: partition, bound: bound,
        weights: weights, into: sums, accumulating: accumulating, over: SingleRank())
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
  }
}
