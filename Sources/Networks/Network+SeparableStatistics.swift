public import Kernels

/// The sums of layers with separable statistics, which
/// ``addStatistics(inputs:targets:parameters:loss:partition:bound:weights:into:accumulating:leavingSeparable:over:)``
/// has left out. They are formed when all signals are there. Where ranks share their signals, each rank has its part of
/// the output units, over the samples of all these ranks. Call these functions after all these ranks have passed their
/// signals back, and before any of them begins its next pass. Never communicates.
extension Network {
  /// (M9, M13) The sums Ẇ and Ẅ.
  ///
  /// - Parameters:
  ///   - inputs: the inputs of all ranks, with at least as many rows as the ranks have together; without shared
  ///     signals, the rows given to the forward pass.
  ///   - sums: overwritten in the elements of ``separablePart(_:)``; with `wDDot` nil only the gradient is formed.
  /// - Complexity: for each affine layer one product of its weights' size, two with curvature, divided among the ranks.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func formSeparableStatistics(inputs: Matrix<Scalar>, bound: Bound, into sums: StatisticsSlice<Scalar>) {
    let sums = pass.partition == .unit ? StatisticsSlice(wDot: sums.wDot, wDDot: nil) : sums
    forEachSeparable(inputs, wantsCurvature: sums.wDDot != nil) { step, affine, units, x, above in
      let boundary = links[step].input
      let needsU = sums.wDDot != nil && bound == .full && carriesTotalGradient[boundary]
      affine.form(
        of: units, input: x, totalGradientBelow: needsU ? totalGradients[boundary].prefix(x.rows) : nil, above: above,
        scale: scales(step).products, into: sums[layout.slices[step]], bound: bound, accumulating: false)
    }
  }

  /// (M9, M11) Updates the weights by a step inside the product kernel, instead of forming their sums in memory; forms
  /// the sums of the other parameters.
  ///
  /// - Parameters:
  ///   - inputs, sums: as for ``formSeparableStatistics(inputs:bound:into:)``, of at most ``WeightStep/mostSamples`` rows.
  ///     The weights' elements of the sums are not touched.
  ///   - parameters: the parameters to which the signals belong; the step updates their weights.
  /// - Complexity: as for ``formSeparableStatistics(inputs:bound:into:)``, without a traversal of the weights and their sums.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func moveSeparableWeights(
    _ weightStep: WeightStep<Scalar>, inputs: Matrix<Scalar>, parameters: Vector<Scalar>,
    into sums: StatisticsSlice<Scalar>
  ) {
    forEachSeparable(inputs, wantsCurvature: sums.wDDot != nil) { step, affine, units, x, above in
      let slice = layout.slices[step]
      affine.moveWeights(
        of: units, sums.wDDot == nil ? weightStep : weightStep.dividing(byPowerOfTwo: exponents.curvature[step + 1]),
        input: x, above: above, parameters: parameters[slice], into: sums[slice])
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func forEachSeparable(
    _ inputs: Matrix<Scalar>, wantsCurvature: Bool,
    _ body: (
      _ step: Int, _ affine: AffineStatistics<Scalar>, _ units: Range<Int>, _ x: Matrix<Scalar>,
      _ above: Sensitivity<Scalar>
    ) -> Void
  ) {
    let rows = sharing == nil ? inputs.rows : sharedRows
    for (step, layer) in layers.enumerated() {
      guard let affine = layer?.statistics.separable else { continue }
      let units = sharing.map { $0.units(of: affine.outputs) } ?? 0..<affine.outputs
      guard !units.isEmpty else { continue }
      let above = Sensitivity(
        yDot: yDots[step + 1].prefix(rows), z: wantsCurvature ? zs[step + 1].prefix(rows) : nil)
      let boundary = links[step].input
      body(step, affine, units, (boundary == 0 ? inputs : values[boundary]).prefix(rows), above)
    }
  }

  /// Whether the sums of a block can be formed unit by unit, from the signals of any samples.
  public func isSeparable(_ block: ParameterLayout.Block) -> Bool { separable(block) != nil }

  private func separable(_ block: ParameterLayout.Block) -> AffineStatistics<Scalar>? {
    layers[block.step]?.statistics.separable
  }

  /// For each block of the layout, the elements whose sums this rank forms: some output units of layers with separable
  /// statistics, no elements of the other layers.
  public func separablePart(_ sharing: Sharing) -> [Range<Int>] {
    layout.blocks.map { block in
      let start = block.range.lowerBound
      guard let affine = separable(block) else { return start..<start }
      let (units, row) = (sharing.units(of: affine.outputs), block.range.count / affine.outputs)
      return start + units.lowerBound * row..<start + units.upperBound * row
    }
  }
}
