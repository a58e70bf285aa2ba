internal import Kernels
internal import Networks

/// The middle passes: how the slope of Ψ by the teacher's parameters changes along a direction of the student's.
extension Hypergradient {
  /// r of (M24) into ``labelSlopes``, or each r^{±b} of (M25) for `nested`; lists them in ``products``. Collective.
  ///
  /// - Parameters:
  ///   - teacher: W'.
  ///   - student: V.
  ///   - d: the direction of the student's parameters; its length does not matter but for the result's.
  ///   - x: the unlabelled inputs.
  func differentiateLabels(
    at teacher: Vector<Scalar>, _ student: Vector<Scalar>, along d: Vector<Scalar>, _ x: Matrix<Scalar>,
    masks: Pass.DropoutMasks?, ids: [Int32],
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    guard let labelling, let learning else { preconditionFailure("a chain of three levels has a student") }
    let count = teacherLayout.count
    labelSlopes.all.fill(0)
    let directions = strategy == .exact ? 1 : 2 * studentBlocks.count
    let grid = Grid(directions: directions, rank: ranks.rank, ranks: ranks.ranks, grid)
    let rows = grid.rows(x.rows)
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

    /// r += (∂z/∂W')ᵀ c for outputs, a tangent or a difference y of the student.
    func pullBack(_ y: Matrix<Scalar>, into r: Vector<Scalar>, isWhole: Bool) {
      labelling.network.pullBack(inputs: x, parameters: teacher, into: r, accumulating: true) { yDot in
        labelling.loss.labelChange(labels: labels, y, into: yDot)
        if isWhole { labelling.loss.addLabelConstant(labels: labels, to: yDot) }
      }
      passes.backward += 1
    }
    switch strategy {
    case .exact:
      timed {
        _ = learning.forward(x, at: student, masks: masks, ids: ids)
        let yTangent = learning.tangent(x, at: student, along: d)
        passes = passes + PassCount(forward: 1, forwardMode: 1)
        pullBack(yTangent, into: labelSlopes.all, isWhole: false)
      }
      products.append((labelSlopes.all, 1))
    case .fused:
      // (M25): what goes back through the teacher is linear in the student's outputs, so their differences add up first.
      let difference = reserveOutputs(x.rows)
      difference.elements.fill(0)
      timed {
        var isZero = true
        forEachMove(grid, from: student, along: d) { _, quotient, parameters in
          let y = learning.forward(x, at: parameters, masks: masks, ids: ids)
          watch()
          difference.elements.add(y.elements, times: Scalar(quotient))
          isZero = false
        }
        if !isZero { pullBack(difference, into: labelSlopes.all, isWhole: false) }
      }
      products.append((labelSlopes.all, 1))
    case .nested:
      timed {
        forEachMove(grid, from: student, along: d) { pass, _, parameters in
          let y = learning.forward(x, at: parameters, masks: masks, ids: ids)
          watch()
          pullBack(y, into: labelSlopes.all[pass * count..<(pass + 1) * count], isWhole: true)
        }
      }
      for (index, block) in studentBlocks.enumerated() {
        guard let alpha = Perturbation.size(block, of: d) else { continue }
        for (sign, pass) in [(1.0, 2 * index), (-1.0, 2 * index + 1)] {
          products.append((labelSlopes.all[pass * count..<(pass + 1) * count], sign / (2 * alpha)))
        }
      }
    }
    try ranks.sum(labelSlopes.all)
  }

  /// Gives V^{+b} and V^{−b} of (M25), α_b = radius/‖d_b‖, to `body` for each pass of this rank's group, with the number of
  /// the pass and ±1/(2 α_b).
  private func forEachMove(
    _ grid: Grid, from student: Vector<Scalar>, along d: Vector<Scalar>,
    _ body: (Int, Double, Vector<Scalar>) -> Void
  ) {
    perturbedStudent.start(from: student)
    for (index, block) in studentBlocks.enumerated() {
      guard let alpha = Perturbation.size(block, of: d) else { continue }
      for (sign, pass) in [(1.0, 2 * index), (-1.0, 2 * index + 1)] where grid.computes(pass: pass) {
        perturbedStudent.moved(block, from: student, by: sign * alpha, along: d) { parameters in
          body(pass, sign / (2 * alpha), parameters)
        }
        passes.forward += 1
      }
    }
  }

  /// The first rows of ``labels``, which grows when it must.
  func reserveLabels(_ rows: Int) -> Matrix<Scalar> {
    if labels.rows < rows { labels = Matrix(rows: rows, columns: labels.columns) }
    return labels.prefix(rows)
  }

  private func reserveOutputs(_ rows: Int) -> Matrix<Scalar> {
    if outputs.rows < rows { outputs = Matrix(rows: rows, columns: outputs.columns) }
    return outputs.prefix(rows)
  }
}
