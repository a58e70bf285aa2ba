internal import Kernels
internal import Networks

/// The middle passes: how the slope of Ψ with respect to the teacher's parameters changes along a direction of the
/// student's parameters.
extension Hypergradient {
  /// Computes r of (M24) in ``labelSlopes``, or for `nested` each r^{±b} of (M25), and lists them in ``products``.
  /// Collective.
  ///
  /// - Parameters:
  ///   - teacher: W'.
  ///   - student: V.
  ///   - d: the direction of the student's parameters; the result is proportional to its length.
  ///   - x: the unlabelled inputs.
  func differentiateLabels(
    at teacher: Vector<Scalar>, _ student: Vector<Scalar>, along d: Vector<Scalar>, _ x: Matrix<Scalar>,
    masks: Pass.DropoutMasks?, ids: [Int32],
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    guard let labelling, let learning else { preconditionFailure("a chain of three levels has a student") }
    let count = teacherLayout.count
    labelSlopes.clear(over: ranks)
    let directions = strategy == .exact ? 1 : 2 * studentBlocks.count
    let (grid, samples) = (grid(directions: directions, over: ranks), x.rows)
    let rows = rows(samples, grid, over: ranks)
    let (x, ids) = (x[rows], ids.span.extracting(masks == nil ? 0..<0 : rows))
    let z = timed { labelling.forward(x, at: teacher, ids: Span()) }
    passes.forward += 1
    let labels = reserveLabels(x.rows)
    labelling.loss.softLabels(z, into: labels)

    var sides: KinkSides?
    if watchesKinks, strategy != .exact {
      _ = learning.forward(x, at: student, masks: masks, ids: ids)
      sides = learning.kinkSides(x.rows)
    }
    func watch() {
      if let sides, learning.kinkSides(x.rows) != sides { kinkCrossings += 1 }
    }

    /// Computes the sums (∂z/∂W')ᵀ c at a place of ``labelSlopes``. y holds the student's outputs, a tangent, or a
    /// difference of outputs.
    func pullBack(_ y: Matrix<Scalar>, at place: Range<Int>, isWhole: Bool) throws {
      try labelling.network.pullBack(
        inputs: x, parameters: teacher, into: labelSlopes, at: place, samples: samples, over: ranks
      ) { yDot in
        labelling.loss.labelChange(labels: labels, y, into: yDot)
        if isWhole { labelling.loss.addLabelConstant(labels: labels, to: yDot) }
      }
      passes.backward += 1
    }
    switch strategy {
    case .exact:
      try timed {
        _ = learning.forward(x, at: student, masks: masks, ids: ids)
        let yTangent = learning.tangent(x, at: student, along: d)
        passes = passes + PassCount(forward: 1, forwardMode: 1)
        try pullBack(yTangent, at: 0..<count, isWhole: false)
      }
      products.append((labelSlopes.values, 1))
    case .fused:
      // (M25): the backward pass through the teacher is linear in the student's outputs, so their differences are added
      // first.
      let difference = reserveOutputs(x.rows)
      difference.elements.fill(0)
      try timed {
        var isZero = true
        forEachMove(grid, from: student, along: d) { _, quotient, parameters in
          let y = learning.forward(x, at: parameters, masks: masks, ids: ids)
          watch()
          difference.elements.add(y.elements, times: Scalar(quotient))
          isZero = false
        }
        if !isZero { try pullBack(difference, at: 0..<count, isWhole: false) }
      }
      products.append((labelSlopes.values, 1))
    case .nested:
      try timed {
        try forEachMove(grid, from: student, along: d) { pass, _, parameters in
          let y = learning.forward(x, at: parameters, masks: masks, ids: ids)
          watch()
          try pullBack(y, at: pass * count..<(pass + 1) * count, isWhole: true)
        }
      }
      for (index, block) in studentBlocks.enumerated() {
        guard let alpha = Perturbation.size(block, of: d) else { continue }
        for (sign, pass) in [(1.0, 2 * index), (-1.0, 2 * index + 1)] {
          products.append((labelSlopes.values[pass * count..<(pass + 1) * count], sign / (2 * alpha)))
        }
      }
    }
    try labelSlopes.addUp(over: ranks)
  }

  /// Calls `body` with V^{+b} and V^{−b} of (M25), α_b = radius/‖d_b‖, for each pass of this rank's group, and with the
  /// number of the pass and ±1/(2 α_b).
  private func forEachMove(
    _ grid: Grid, from student: Vector<Scalar>, along d: Vector<Scalar>,
    _ body: (Int, Double, Vector<Scalar>) throws -> Void
  ) rethrows {
    perturbedStudent.start(from: student)
    for (index, block) in studentBlocks.enumerated() {
      guard let alpha = Perturbation.size(block, of: d) else { continue }
      for (sign, pass) in [(1.0, 2 * index), (-1.0, 2 * index + 1)] where grid.computes(pass: pass) {
        try perturbedStudent.moved(block, from: student, by: sign * alpha, along: d) { parameters in
          try body(pass, sign / (2 * alpha), parameters)
        }
        passes.forward += 1
      }
    }
  }

  /// The first rows of ``labels``; makes ``labels`` larger if necessary.
  func reserveLabels(_ rows: Int) -> Matrix<Scalar> {
    if labels.rows < rows { labels = Matrix(rows: rows, columns: labels.columns) }
    return labels.prefix(rows)
  }

  private func reserveOutputs(_ rows: Int) -> Matrix<Scalar> {
    if outputs.rows < rows { outputs = Matrix(rows: rows, columns: outputs.columns) }
    return outputs.prefix(rows)
  }
}
