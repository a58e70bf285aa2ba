public import Kernels

extension Network {
  /// (M1) Evaluates the network on a minibatch. The outputs are valid until the next forward pass. Never communicates.
  public func forward(_ inputs: Matrix<Scalar>, parameters: Vector<Scalar>) -> Matrix<Scalar> {
    do {
      return try forward(
        inputs, parameters: parameters, pass: .evaluation, samples: inputs.rows, ids: Span(), over: SingleRank())
    } catch {
      preconditionFailure("a pass with running averages does not communicate: \(error)")
    }
  }

  /// (M1) The outputs for this rank's part of a global minibatch; valid until the next forward pass. Collective.
  ///
  /// - Parameters:
  ///   - inputs: [rows × inputs]; a rank may have no rows and still takes part.
  ///   - parameters: with `pass.updatesRunningAverages`, the running averages among them are updated, equally on every
  ///     rank.
  ///   - pass: how batch normalisation and dropout work, in the forward pass and in what follows it.
  ///   - samples: the size of the global minibatch.
  ///   - ids: the numbers that address the dropout masks of the rows, one for each row; ignored where dropout is off.
  /// - Throws: what the sum over the ranks throws.
  public func forward(
    _ inputs: Matrix<Scalar>, parameters: Vector<Scalar>, pass: Pass, samples: Int, ids: Span<Int32>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Matrix<Scalar> {
    precondition(inputs.rows <= capacity, "a minibatch must fit the reserved workspaces")
    precondition(pass.dropout == nil || ids.count == inputs.rows, "every row needs the address of its dropout masks")
    (self.pass, self.samples) = (pass, samples)
    if pass.dropout != nil {
      self.ids.all.removeAll(keepingCapacity: true)
      for k in 0..<ids.count { self.ids.all.append(ids[k]) }
    }
    try walkForward(inputs, parameters) { layer, site in try layer.forward(site, over: ranks) }
    return outputs(of: inputs)
  }

  /// Calls `evaluate` with each layer and its site, in the order of the plan, and computes the sums between them.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func walkForward(
    _ inputs: Matrix<Scalar>, _ parameters: Vector<Scalar>, _ evaluate: (any Layer<Scalar>, Site<Scalar>) throws -> Void
  ) throws {
    let carriesU = pass.preparation == .statistics
    for step in 0..<top {
      if let layer = layers[step] {
        let writesU = carriesU && !isDeferred(step)
        try evaluate(layer, forwardSite(step, inputs, parameters, below: carriesU, above: writesU))
        if writesU { settleTotalGradient(above: step, rows: inputs.rows) }
      } else {
        addUp(step, inputs)
        if carriesU { addUpTotalGradients(step, rows: inputs.rows) }
      }
    }
  }

  /// (M3–M5) The total gradient at the output for the minibatch of the last forward pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func totalGradient(_ inputs: Matrix<Scalar>, parameters: Vector<Scalar>) -> Matrix<Scalar> {
    precondition(pass.preparation != .gradient, "a pass that prepared a gradient has no total gradient")
    // A pass that prepared statistics has computed all total gradients but the deferred one.
    for step in 0..<top
    where links[step].carriesAbove && (pass.preparation == .everything || isDeferred(step)) {
      guard let layer = layers[step] else {
        addUpTotalGradients(step, rows: inputs.rows)
        continue
      }
      layer.totalGradient(forwardSite(step, inputs, parameters, below: true, above: true))
      settleTotalGradient(above: step, rows: inputs.rows)
    }
    return own(totalGradients[top], inputs.rows)
  }

  /// Whether u above a step is computed only when it is requested, even if a pass prepares statistics. This holds at
  /// the output above an activation, where the most common loss, the squared error, computes it on the way.
  private func isDeferred(_ step: Int) -> Bool { step == top - 1 && squaredErrorLayer != nil }

  /// What a layer sees in the forward pass.
  ///
  /// - Parameters:
  ///   - below, above: whether the site has the total gradients there.
  private func forwardSite(
    _ step: Int, _ inputs: Matrix<Scalar>, _ parameters: Vector<Scalar>, below: Bool, above: Bool
  ) -> Site<Scalar> {
    func signals(_ boundary: Int, _ hasTotalGradient: Bool) -> SiteSignals<Scalar> {
      SiteSignals(
        y: value(at: boundary, inputs), u: hasTotalGradient ? totalGradient(at: boundary, rows: inputs.rows) : nil,
        yDot: none, z: nil, tangent: nil)
    }
    return site(
      step, parameters, .paper, below: signals(links[step].input, below), above: signals(step + 1, above))
  }

  /// What a layer sees with the ``Pass`` of the last forward pass.
  func site(
    _ step: Int, _ parameters: Vector<Scalar>, _ bound: Bound, below: SiteSignals<Scalar>, above: SiteSignals<Scalar>
  ) -> Site<Scalar> {
    Site(
      input: below, output: above, parameters: parameters[layout.slices[step]], pass: pass, samples: samples,
      bound: bound, scales: scales(step), ids: ids)
  }

  /// y⁺ = y + y' at a sum.
  private func addUp(_ step: Int, _ inputs: Matrix<Scalar>) {
    guard let other = links[step].other else { return }
    let (below, above) = (value(at: links[step].input, inputs), value(at: step + 1, inputs))
    if !above.isSameMemory(as: below) { above.elements.copy(from: below.elements) }
    above.elements.add(value(at: other, inputs).elements)
  }

  /// (M4) u⁺ = u + u' at a sum.
  private func addUpTotalGradients(_ step: Int, rows: Int) {
    guard let other = links[step].other,
      let below = totalGradient(at: links[step].input, rows: rows),
      let above = totalGradient(at: step + 1, rows: rows)
    else { return }
    addUpTotalGradients(below, totalGradient(at: other, rows: rows), step, into: above)
  }

  /// The sum of the losses of the minibatch of the last forward pass, without regularisation.
  ///
  /// - Parameters:
  ///   - weights: a_i, [rows], by which each row's loss is multiplied; 1 where nil.
  ///   - rows: the rows to evaluate; nil: all.
  public func loss(
    _ loss: Loss, targets: Matrix<Scalar>, weights: Vector<Scalar>? = nil, rows: Range<Int>? = nil
  ) -> Double {
    evaluateRows(loss, targets: targets, weights: weights, rows: rows ?? 0..<targets.rows)
  }

  /// The outputs of the last forward pass, which was of `inputs`.
  public func outputs(of inputs: Matrix<Scalar>) -> Matrix<Scalar> { value(at: top, inputs) }

  /// The names of the steps whose values ``value(above:of:)`` returns. A sum that works in place has overwritten the
  /// value below it, which then has the name of the sum.
  public var stepNames: [String] {
    plan.steps.indices.map { step in
      let reader = plan.boundaries[step + 1].readers.first { links[$0].other != nil && plan.isInPlace($0) }
      return "layers.\(plan.steps[reader ?? step].address)"
    }
  }

  /// The value above a step, as the last forward pass, which was of `inputs`, has left it. A step that works in place
  /// has overwritten the value below it with its own.
  public func value(above step: Int, of inputs: Matrix<Scalar>) -> Matrix<Scalar> { value(at: step + 1, inputs) }

  /// y at a boundary of the last forward pass, which was of `inputs`.
  func value(at boundary: Int, _ inputs: Matrix<Scalar>) -> Matrix<Scalar> {
    boundary == 0 ? inputs : own(values[boundary], inputs.rows)
  }

  func totalGradient(at boundary: Int, rows: Int) -> Matrix<Scalar>? {
    carriesTotalGradient[boundary] ? own(totalGradients[boundary], rows) : nil
  }
}
