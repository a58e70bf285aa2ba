public import Kernels

/// (M28, M29) The curvature of a layer with affine statistics where the residual is shared out by unit, as sums over the rows.
///
/// n counts the entries of ỹ, the layer's input followed by 1 for the bias, which a layer without bias leaves out.
public struct UnitStatistics<Scalar: Real> {
  public let address: LayerAddress
  /// Σ_s Z_si, [outputs]: S g.
  public let unitCurvature: Vector<Scalar>
  /// Σ_s (mean_i Z_si)/‖ỹ_s‖₂ ỹ_s ỹ_sᵀ, [n × n]: S A mean_i g_i.
  public let inputMoment: Matrix<Scalar>
  /// Σ_s Z_si/‖ỹ_s‖₂ ỹ_s ỹ_sᵀ, with the full bound + Σ_s |Ẏ_si| diag(u_s, 0), for each unit i, [outputs · n × n]: S H_i; nil
  /// where they are not wanted.
  public let blocks: Matrix<Scalar>?
  /// (M32) b: g and the blocks are 2^b times what is here.
  public let exponent: Int

  /// g, the mean over the samples of Z.
  public func meanCurvature(samples: Int) -> [Scalar] { unitCurvature.array.map { $0 / Scalar(samples) } }

  /// A, the second moment of the inputs weighted by curvature; 0 where no unit has curvature.
  public var normalizedMoment: [Scalar] {
    let curvature = unitCurvature.array.reduce(0, +) / Scalar(unitCurvature.count)
    return inputMoment.elements.array.map { curvature == 0 ? 0 : $0 / curvature }
  }
}

extension Network {
  /// The numbers of all ``UnitStatistics`` of the network.
  public func unitStatisticsCount(wantsBlocks: Bool) -> Int {
    layers.reduce(0) { count, layer in
      guard let affine = layer?.statistics.separable else { return count }
      let n = affine.inputs + (affine.hasBias ? 1 : 0)
      return count + affine.outputs + n * n * (1 + (wantsBlocks ? affine.outputs : 0))
    }
  }

  /// (M27–M29) The losses of the minibatch of the last forward pass, whose ``Pass/partition`` was ``Partition/unit``, the sums
  /// Ẇ, and the curvature of every unit of the layers with affine statistics. The parameters of other layers have their Ẅ
  /// (M9). The pass must have been one that needs no other rank on the way back.
  ///
  /// - Parameters:
  ///   - inputs: those of the forward pass, [samples × inputs].
  ///   - sums: Ẇ, and Ẅ of layers without units; that of the others is left 0.
  ///   - wantsBlocks: whether the exact blocks are formed, outputs · n² numbers for each layer.
  /// - Returns: the sum of the losses, and the layers in the order of the forward pass.
  /// - Complexity: (M28) takes a product [n × samples × n] for each unit. Allocates what it returns.
  public func unitStatistics(
    inputs: Matrix<Scalar>, targets: Matrix<Scalar>, parameters: Vector<Scalar>, loss: Loss,
    lossPartition: LossPartition, bound: Bound, into sums: StatisticsSlice<Scalar>, wantsBlocks: Bool
  ) -> (loss: Double, layers: [UnitStatistics<Scalar>]) {
    precondition(pass.partition == .unit, "statistics by unit need a total gradient by unit")
    sums.wDDot?.fill(0)
    var layers: [UnitStatistics<Scalar>] = []
    let (total, boundary) = evaluateLoss(
      inputs: inputs, targets: targets, parameters: parameters, loss: loss, lossPartition, weights: nil,
      wantsCurvature: true)
    do {
      try passBack(
        from: boundary, inputs: inputs, parameters: parameters, bound: bound, wantsCurvature: true, over: SingleRank()
      ) { step, site, statistics in
        let slice = sums[layout.slices[step]]
        statistics.add(site, rows: 0..<inputs.rows, into: slice, accumulating: false)
        guard let affine = statistics.separable else { return }
        layers.append(
          affine.unitStatistics(
            site, address: plan.steps[step].address, exponent: exponents.curvature[step + 1], wantsBlocks: wantsBlocks))
      }
    } catch {
      preconditionFailure("a sum over one rank does not fail: \(error)")
    }
    return (total, layers.reversed())
  }
}

extension AffineStatistics {
  /// (M28, M29) The sums over a site's rows.
  fileprivate func unitStatistics(
    _ site: Site<Scalar>, address: LayerAddress, exponent: Int, wantsBlocks: Bool
  ) -> UnitStatistics<Scalar> {
    guard let z = site.above.z else { preconditionFailure("a pass with curvature has Z above its parameters") }
    let (rows, n) = (site.rows, inputs + (hasBias ? 1 : 0))
    let curvature = Arena<Scalar>(count: outputs).all
    z.sumRows(into: curvature, accumulating: false)
    // Rows ỹ_s; and each of them times a number over ‖ỹ_s‖₂. 0/0 = 0: a row of zeros adds nothing.
    let (extended, scaled) = (Matrix<Scalar>(rows: rows, columns: n), Matrix<Scalar>(rows: rows, columns: n))
    let norms = Arena<Scalar>(count: rows).all
    parameterInputs(of: site.input.y, .unit, into: norms)
    for row in 0..<rows {
      extended[row][0..<inputs].copy(from: site.input.y[row])
      if hasBias { extended[row][inputs] = 1 }
    }
    let products = ProductWorkspace<Scalar>()
    products.reserve(rows: n, columns: n, terms: rows)
    func addMoment(of weight: (Int) -> Scalar, to sum: Matrix<Scalar>) {
      for row in 0..<rows {
        scaled[row].copy(from: extended[row])
        // Two factors, of which each is within range where their product is not.
        scaled[row].scale(by: norms[row] == 0 ? 0 : 1 / norms[row])
        scaled[row].scale(by: weight(row))
      }
      multiplyPair(transposed: scaled, nil, extended, into: sum, nil, workspace: products)
    }
    let moment = Matrix<Scalar>(rows: n, columns: n)
    addMoment(of: { z[$0].array.reduce(0, +) / Scalar(outputs) }, to: moment)
    var blocks: Matrix<Scalar>?
    if wantsBlocks {
      let all = Matrix<Scalar>(rows: outputs * n, columns: n)
      for unit in 0..<outputs {
        let block = all[unit * n..<(unit + 1) * n]
        addMoment(of: { z[$0][unit] }, to: block)
        guard site.bound == .full, let u = site.input.u else { continue }
        for row in 0..<rows {
          for j in 0..<inputs { block[j][j] += site.scales.products * site.above.yDot[row][unit].magnitude * u[row][j] }
        }
      }
      blocks = all
    }
    return UnitStatistics(
      address: address, unitCurvature: curvature, inputMoment: moment, blocks: blocks, exponent: exponent)
  }
}
