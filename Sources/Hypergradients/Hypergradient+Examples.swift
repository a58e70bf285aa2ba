internal import Kernels
internal import Networks

/// The leaf passes: the product of every example's gradient with a direction.
extension Hypergradient {
  /// `Σ_m coefficient_m ∇ℓ_i(W) · q_m` over the ``products``, [training rows]: adds this rank's part of the sum to
  /// ``result``.
  ///
  /// `exact` takes one forward-mode pass at W along q for all examples at once; the other strategies use (M26).
  /// Residuals are measured at W.
  func multiplyBySampleGradients(
    at w: Vector<Scalar>, _ examples: Samples<Scalar>, masks: Pass.DropoutMasks?, ids: [Int32],
    isForwardDone: Bool, over ranks: borrowing some GlobalSum & ~Copyable
  ) {
    let count = examples.inputs.rows
    if strategy != .exact, measuresResiduals { measureResiduals(at: w, examples, masks, ids, over: ranks) }
    let directions = strategy == .exact ? 1 : products.count * 2 * teacherBlocks.count
    let grid = grid(directions: directions, over: ranks)
    let rows = rows(count, grid, over: ranks)
    let (x, t) = (examples.inputs[rows], examples.targets[rows])
    let ids = ids.span.extracting(masks == nil ? 0..<0 : rows)
    let own = result.all[rows]
    timed {
      switch strategy {
      case .exact:
        for product in products {
          let y = isForwardDone ? training.outputs(x) : training.forward(x, at: w, masks: masks, ids: ids)
          training.losses(y, t) { _, _ in }
          keepResiduals(of: rows)
          let yTangent = training.tangent(x, at: w, along: product.q)
          for row in 0..<x.rows {
            own[row] += product.coefficient * Double(training.slope(of: row).dot(yTangent[row]))
          }
          passes = passes + PassCount(forward: isForwardDone ? 0 : 1, forwardMode: 1)
        }
      case .fused, .nested:
        var sides: KinkSides?
        if watchesKinks {
          training.losses(training.forward(x, at: w, masks: masks, ids: ids), t) { _, _ in }
          sides = training.kinkSides(x.rows)
        }
        perturbedTeacher.start(from: w)
        for (number, product) in products.enumerated() {
          addDifferences(
            along: product.q, times: product.coefficient, firstPass: number * 2 * teacherBlocks.count, grid, from: w
          ) { parameters, quotient in
            let y = training.forward(x, at: parameters, masks: masks, ids: ids)
            training.losses(y, t) { row, loss in own[row] += quotient * loss }
            if let sides, training.kinkSides(x.rows) != sides { kinkCrossings += 1 }
          }
        }
      }
    }
  }

  /// A forward pass at W only to measure ``residuals``; the examples are divided among all ranks.
  private func measureResiduals(
    at w: Vector<Scalar>, _ examples: Samples<Scalar>, _ masks: Pass.DropoutMasks?, _ ids: [Int32],
    over ranks: borrowing some GlobalSum & ~Copyable
  ) {
    let rows = ranks.shard(0..<examples.inputs.rows)
    let x = examples.inputs[rows]
    timed {
      let y = training.forward(x, at: w, masks: masks, ids: ids.span.extracting(masks == nil ? 0..<0 : rows))
      training.losses(y, examples.targets[rows]) { _, _ in }
      keepResiduals(of: rows)
      passes.forward += 1
    }
  }

  /// Stores the norms of the slopes of the last losses, which belong to `rows`, as residuals.
  private func keepResiduals(of rows: Range<Int>) {
    guard measuresResiduals else { return }
    for (k, row) in rows.enumerated() {
      let slope = training.slope(of: k)
      residuals[row] = Double(slope.dot(slope)).squareRoot()
    }
  }

  /// (M26) `Σ_c [ℓ_i(W + β_c q_c) − ℓ_i(W − β_c q_c)] / (2 β_c)`, β_c = radius/‖q_c‖: calls `body` with the perturbed
  /// parameters of each pass of this rank's group, and with ±coefficient/(2 β_c).
  private func addDifferences(
    along q: Vector<Scalar>, times coefficient: Double, firstPass: Int, _ grid: Grid, from w: Vector<Scalar>,
    _ body: (Vector<Scalar>, Double) -> Void
  ) {
    for (index, block) in teacherBlocks.enumerated() {
      guard let beta = Perturbation.size(block, of: q) else { continue }
      for (sign, pass) in [(1.0, 2 * index), (-1.0, 2 * index + 1)] where grid.computes(pass: firstPass + pass) {
        perturbedTeacher.moved(block, from: w, by: sign * beta, along: q) { parameters in
          body(parameters, sign * coefficient / (2 * beta))
        }
        passes.forward += 1
      }
    }
  }
}
