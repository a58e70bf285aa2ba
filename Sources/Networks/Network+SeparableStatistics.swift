public import Kernels

/// Layers with separable statistics, when all signals are there: what
/// ``addStatistics(inputs:targets:parameters:loss:partition:bound:weights:into:accumulating:leavingSeparable:over:)`` has left
/// out. Where ranks share their signals each has its part of the output units, over the samples of all of them; to be called
/// when all of them have passed their signals back, and before one of them begins its next pass. Never communicates.
extension Network {
  /// (M9, M13) The sums Ẇ and Ẅ.
  ///
  /// - Parameters:
  ///   - inputs: those of all ranks, at least as many rows as they have together; without shared signals the rows given to
  ///     the forward pass.
  ///   - sums: overwritten in the elements of ``separablePart(_:)``; with `wDDot` nil only the gradient is formed.
  /// - Complexity: for each affine layer one product of its weights' size, two with curvature, shared out.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func formSeparableStatistics(inputs: Matrix<Scalar>, bound: Bound, into sums: StatisticsSlice<Scalar>) {
    forEachSeparable(inputs, wantsCurvature: sums.wDDot != nil) { index, units, x, above in
      let needsU = sums.wDDot != nil && bound == .full && carriesTotalGradient[index]
      layers[index].formStatistics(
        of: units, input: x, totalGradientBelow: needsU ? totalGradients[index].prefix(x.rows) : nil, above: above,
        into: sums[layout.slices[index]], bound: bound)
    }
  }

  /// (M9, M11) The weights take a step where their sums would be formed, and the sums of the other parameters are formed.
  ///
  /// - Parameters:
  ///   - inputs, sums: as for ``formSeparableStatistics(inputs:bound:into:)``, of at most ``WeightStep/mostSamples`` rows.
  ///     The weights' elements of the sums are not touched.
  ///   - parameters: those that the signals belong to.
  /// - Complexity: as for ``formSeparableStatistics(inputs:bound:into:)``, without a traversal of the weights and their sums.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func moveSeparableWeights(
    _ step: WeightStep<Scalar>, inputs: Matrix<Scalar>, parameters: Vector<Scalar>, into sums: StatisticsSlice<Scalar>
  ) {
    forEachSeparable(inputs, wantsCurvature: sums.wDDot != nil) { index, units, x, above in
      let slice = layout.slices[index]
      layers[index].moveWeights(
        of: units, step, input: x, above: above, parameters: parameters[slice], into: sums[slice])
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func forEachSeparable(
    _ inputs: Matrix<Scalar>, wantsCurvature: Bool,
    _ body: (_ layer: Int, _ units: Range<Int>, _ x: Matrix<Scalar>, _ above: Sensitivity<Scalar>) -> Void
  ) {
    let rows = sharing == nil ? inputs.rows : sharedRows
    for (index, layer) in layers.enumerated() where layer.hasSeparableStatistics {
      let units = sharing.map { own(unitsOf: layer, $0) } ?? 0..<layer.outputs
      guard !units.isEmpty else { continue }
      let above = Sensitivity(
        yDot: yDots[index + 1].prefix(rows), z: wantsCurvature ? zs[index + 1].prefix(rows) : nil)
      body(index, units, (index == 0 ? inputs : values[index]).prefix(rows), above)
    }
  }
}
