public import Kernels

extension Network {
  /// (M1) The outputs for a minibatch as the network is used; valid until the next forward pass. Never communicates.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func forward(_ inputs: Matrix<Scalar>, parameters: Vector<Scalar>) -> Matrix<Scalar> {
    precondition(inputs.rows <= capacity, "a minibatch must fit the reserved workspaces")
    preparation = .everything
    var x = inputs
    for index in 0..<layers.count {
      let y = own(values[index + 1], inputs.rows)
      layers[index].forward(x, parameters: parameters[layout.slices[index]], into: y)
      x = y
    }
    return x
  }

  /// (M1) The outputs for this rank's part of a global minibatch; valid until the next forward pass. Collective.
  ///
  /// - Parameters:
  ///   - inputs: [rows × inputs]; a rank may have no rows and still takes part.
  ///   - parameters: with `pass.updatesRunningAverages` the running averages among them move, alike on every rank.
  ///   - pass: how batch normalisation and dropout work; what comes after the forward pass follows it.
  ///   - samples: the size of the global minibatch.
  ///   - ids: what the dropout masks of the rows are addressed by, one for each row; ignored where dropout is off.
  /// - Throws: what the sum over the ranks throws.
  public func forward(
    _ inputs: Matrix<Scalar>, parameters: Vector<Scalar>, pass: Pass, samples: Int, ids: Span<Int32>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Matrix<Scalar> {
    precondition(inputs.rows <= capacity, "a minibatch must fit the reserved workspaces")
    precondition(pass.dropout == nil || ids.count == inputs.rows, "every row needs the address of its dropout masks")
    preparation = pass.preparation
    let carriesU = preparation == .statistics
    var x = inputs
    for index in 0..<layers.count {
      let y = own(values[index + 1], inputs.rows)
      try layers[index].forward(
        x, totalGradientBelow: carriesU ? totalGradient(at: index, samples: inputs.rows) : nil,
        parameters: parameters[layout.slices[index]], into: y,
        carriesU && !isDeferred(index) ? totalGradient(at: index + 1, samples: inputs.rows) : nil, pass: pass,
        samples: samples, ids: ids, over: ranks)
      x = y
    }
    return x
  }

  /// (M3–M5) The total gradient at the output for the minibatch of the last forward pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func totalGradient(_ inputs: Matrix<Scalar>, parameters: Vector<Scalar>) -> Matrix<Scalar> {
    precondition(preparation != .gradient, "a pass that prepared a gradient has no total gradient")
    // A pass that prepared statistics has computed all that is not left for later.
    for index in 0..<layers.count
    where carriesTotalGradient[index + 1] && (preparation == .everything || isDeferred(index)) {
      layers[index].totalGradient(
        below: totalGradient(at: index, samples: inputs.rows), input: value(at: index, inputs),
        parameters: parameters[layout.slices[index]], into: own(totalGradients[index + 1], inputs.rows))
    }
    return own(totalGradients[layers.count], inputs.rows)
  }

  /// Whether u above a layer is computed when it is asked for, even where a pass prepares statistics: at the output above
  /// an activation the commonest loss finds it on its way.
  private func isDeferred(_ layer: Int) -> Bool { outputActivation != nil && layer == layers.count - 1 }

  /// The sum of the losses of the minibatch of the last forward pass, without regularisation.
  ///
  /// - Parameters:
  ///   - weights: a_i, [rows], by which each row's loss is multiplied; 1 where nil.
  ///   - rows: of which rows; all where nil.
  public func loss(
    _ loss: Loss, targets: Matrix<Scalar>, weights: Vector<Scalar>? = nil, rows: Range<Int>? = nil
  ) -> Double {
    evaluate(loss, targets: targets, weights: weights, rows: rows ?? 0..<targets.rows)
  }

  /// y at a boundary, 0 being the input, of the last forward pass, which was of `inputs`. A layer that works in place
  /// leaves its own output at both of its boundaries.
  public func value(at boundary: Int, _ inputs: Matrix<Scalar>) -> Matrix<Scalar> {
    boundary == 0 ? inputs : own(values[boundary], inputs.rows)
  }

  func totalGradient(at boundary: Int, samples: Int) -> Matrix<Scalar>? {
    carriesTotalGradient[boundary] ? own(totalGradients[boundary], samples) : nil
  }
}
