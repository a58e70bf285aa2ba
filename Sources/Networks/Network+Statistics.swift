public import Kernels

extension Network {
  /// (M6–M10, M13) The losses of the minibatch of the last forward pass, and the sums Ẇ and Ẅ over its samples.
  ///
  /// With `sums.wDDot` nil only the gradient is computed, and u is neither needed nor touched. Collective; Ẇ, Ẅ and the
  /// loss stay those of this rank, to be added up over the ranks together. The running averages' Ẇ and Ẅ are 0.
  ///
  /// - Parameters:
  ///   - inputs: the rows given to the forward pass, [rows × inputs]; there may be none.
  ///   - targets: [rows × outputs].
  ///   - sums: Ẇ and Ẅ, each [``layout``.count]; overwritten, or added to when accumulating.
  /// - Returns: the sum of the rows' losses, without regularisation.
  /// - Throws: what the sum over the ranks throws.
  /// - Complexity: for each affine layer two products of its weights' size, four with curvature and one above the first.
  public func addStatistics(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss, partition: LossPartition,
    bound: Bound, into sums: StatisticsSlice<Scalar>, accumulating: Bool = false,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws -> Double {
    let samples = inputs.rows
    let wantsCurvature = sums.wDDot != nil
    let top = layers.count
    let (gradient, h) = (yDots[top].prefix(samples), zs[top].prefix(samples))
    let total = loss.evaluate(
      outputs: values[top].prefix(samples), targets: targets, gradient: gradient, curvature: h)
    if wantsCurvature {
      loss.partitionCurvature(h, totalGradient: totalGradient(inputs, parameters: parameters), partition)
    }

    for index in (lowestTrained..<layers.count).reversed() {
      let (layer, slice) = (layers[index], layout.slices[index])
      let above = sensitivity(at: index + 1, samples: samples, wantsCurvature)
      let u = wantsCurvature ? totalGradient(at: index, samples: samples) : nil
      if !slice.isEmpty {
        layer.addStatistics(
          input: value(at: index, inputs), totalGradientBelow: u, above: above,
          into: StatisticsSlice(wDot: sums.wDot[slice], wDDot: sums.wDDot.map { $0[slice] }), bound: bound,
          accumulating: accumulating)
      }
      if index > lowestTrained {
        try layer.reduceStatistics(over: ranks)
        layer.backward(
          above: above, below: sensitivity(at: index, samples: samples, wantsCurvature), totalGradientBelow: u,
          parameters: parameters[slice], bound: bound)
      }
    }
    return total
  }

  /// The same on a single rank, which holds the whole minibatch, or after an evaluation pass, which needs no other rank.
  public func addStatistics(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss, partition: LossPartition,
    bound: Bound, into sums: StatisticsSlice<Scalar>, accumulating: Bool = false
  ) -> Double {
    do {
      return try addStatistics(
        inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition: partition, bound: bound,
        into: sums, accumulating: accumulating, over: SingleRank())
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
  }

  private func sensitivity(at boundary: Int, samples: Int, _ wantsCurvature: Bool) -> Sensitivity<Scalar> {
    let hasZ = wantsCurvature && carriesTotalGradient[boundary]
    return Sensitivity(yDot: yDots[boundary].prefix(samples), z: hasZ ? zs[boundary].prefix(samples) : nil)
  }
}
