internal import Kernels

/// Batch normalisation, y⁺ = γ ẑ + β with ẑ = (y − mean) c and c = 1/√(variance + ε), unit by unit.
///
/// Parameters are γ, β and the running averages of mean and variance, [units] each. In training mean and (biased) variance
/// are those of the *global* minibatch: the mean is added up over the ranks first, the centred variance second, both in
/// Double. In use they are the running averages. u and Z treat them as constants: ẑ and 1 are the inputs of γ and β, and
/// γ c is the coefficient of y.
final class BatchNorm<Scalar: Real>: Layer {
  /// ε, added to every variance.
  static var epsilon: Double { 1e-5 }
  /// How far the running averages move toward a minibatch's mean and variance.
  static var rate: Double { 0.1 }

  let inputs: Int
  var outputs: Int { inputs }

  /// ẑ of the last forward pass, [samples × units].
  private var normalized = Matrix<Scalar>(rows: 0, columns: 0)
  /// The mean, c, γ c of the last forward pass, and −γ c mean_s Ẏ, −γ c mean_s(Ẏ ẑ) of the backward pass, [units] each.
  private let means, inverses, coefficients, yDotShifts, normalizedShifts: Vector<Scalar>
  /// Σ_s of what is summed over the minibatch, in Double, [units] each: one vector, so that two sums travel at once.
  private let sums: SampleSums<Double>
  /// Mean and variance of the last forward pass before they are rounded, [units] each.
  private let exactMeans, exactVariances: SampleSums<Double>
  /// The size of the global minibatch where Ẏ goes through its mean and variance; nil where they are constants.
  private var minibatch: Int?

  init(units: Int) {
    inputs = units
    let vectors = Arena<Scalar>(count: 5 * units).all
    func part(_ k: Int) -> Vector<Scalar> { vectors[k * units..<(k + 1) * units] }
    (means, inverses, coefficients) = (part(0), part(1), part(2))
    (yDotShifts, normalizedShifts) = (part(3), part(4))
    sums = SampleSums(count: 2 * units)
    (exactMeans, exactVariances) = (SampleSums(count: units), SampleSums(count: units))
  }

  var parameters: [ParameterShape] {
    [
      ParameterShape(role: .weight, shape: [inputs], initialValue: 1),
      ParameterShape(role: .bias, shape: [inputs], initialValue: 0),
      ParameterShape(role: .runningMean, shape: [inputs], initialValue: 0),
      ParameterShape(role: .runningVariance, shape: [inputs], initialValue: 1),
    ]
  }

  var introducesTotalGradient: Bool { true }

  var worksInPlace: Bool { true }

  var normalizedRowsPerSample: Int? { 1 }

  func reserve(samples: Int) { normalized = Matrix(rows: samples, columns: inputs) }

  func workspace(bound: Bound?) -> WorkspaceSize { WorkspaceSize(reserved: inputs, touched: inputs) }

  /// One of the four blocks of a slice of parameters: γ, β, the running mean, the running variance.
  private func block(_ role: ParameterShape.Role, of parameters: Vector<Scalar>) -> Vector<Scalar> {
    let index =
      switch role {
      case .weight: 0
      case .bias: 1
      case .runningMean: 2
      case .runningVariance: 3
      }
    return parameters[index * inputs..<(index + 1) * inputs]
  }

  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    minibatch = nil
    let (mean, variance) = (block(.runningMean, of: parameters), block(.runningVariance, of: parameters))
    for unit in 0..<inputs {
      exactMeans.values[unit] = Double(mean[unit])
      exactVariances.values[unit] = Double(variance[unit])
    }
    normalize(x, parameters: parameters, into: y)
  }

  func forward(
    _ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>, pass: Pass, samples: Int,
    ids: Span<Int32>, over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    guard pass.normalization != .running else { return forward(x, parameters: parameters, into: y) }
    precondition(samples >= max(1, x.rows), "a global minibatch has at least the samples of one rank")
    minibatch = pass.normalization == .minibatch ? samples : nil
    let (means, variances) = (exactMeans.values, exactVariances.values)
    try exactMeans.add(rows: x.rows, samples: samples, over: ranks) { rows, sums in
      sums.fill(0)
      addRows(x[rows], to: sums)
    }
    update(means) { $0 / Double(samples) }
    try exactVariances.add(rows: x.rows, samples: samples, over: ranks) { rows, sums in
      sums.fill(0)
      addSquaredDeviations(x[rows], from: means, to: sums)
    }
    update(variances) { $0 / Double(samples) }
    if pass.updatesRunningAverages {
      moveAverage(block(.runningMean, of: parameters), toward: means, rate: Self.rate)
      moveAverage(block(.runningVariance, of: parameters), toward: variances, rate: Self.rate)
    }
    normalize(x, parameters: parameters, into: y)
  }

  /// ẑ and y⁺ by the mean and the variance that ``exactMeans`` and ``exactVariances`` hold; y may be the memory of x.
  private func normalize(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    let (scale, shift) = (block(.weight, of: parameters), block(.bias, of: parameters))
    for unit in 0..<inputs {
      means[unit] = Scalar(exactMeans.values[unit])
      inverses[unit] = Scalar(1 / (exactVariances.values[unit] + Self.epsilon).squareRoot())
      coefficients[unit] = scale[unit] * inverses[unit]
    }
    for row in 0..<x.rows {
      subtractAndScale(x[row], means, inverses, into: normalized[row])
      scaleAndAdd(normalized[row], scale, shift, into: y[row])
    }
  }

  /// (M4) `u⁺ = |ẑ| + 1 + |γ| c u`.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>
  ) {
    for row in 0..<x.rows {
      if let u {
        passTotalGradient(normalized[row], u[row], coefficients, into: above[row])
      } else {
        magnitudesPlusOne(normalized[row], into: above[row])
      }
    }
  }

  /// (M9) `Ẇ_γ = Σ Ẏ ẑ, Ẇ_β = Σ Ẏ, Ẅ_γ = Σ Z |ẑ|, Ẅ_β = Σ Z`; (M13) adds `Σ |Ẏ| c u` to Ẅ_γ.
  func addStatistics(
    input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>, rows: Range<Int>,
    into slice: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool
  ) {
    if !accumulating {
      slice.wDot.fill(0)
      slice.wDDot?.fill(0)
    }
    let (normalized, above, u) = (normalized[rows], above[rows], u?[rows])
    let sums = sums.values
    let (scale, shift) = (sums[0..<inputs], sums[inputs..<2 * inputs])
    if let wDDot = slice.wDDot, let z = above.z {
      sums.fill(0)
      if bound == .full, let u {
        addMagnitudeProducts(above.yDot, u, to: scale)
        for unit in 0..<inputs { scale[unit] *= Double(inverses[unit]) }
      }
      addMagnitudeProducts(normalized, z, to: scale)
      addRows(z, to: shift)
      add(scale, to: block(.weight, of: wDDot))
      add(shift, to: block(.bias, of: wDDot))
    }
    // Last: the backward pass needs these two sums over all ranks.
    addYDot(above.yDot, normalized, into: sums)
    add(scale, to: block(.weight, of: slice.wDot))
    add(shift, to: block(.bias, of: slice.wDot))
  }

  /// Overwrites `sums` by Σ_s Ẏ ẑ, then Σ_s Ẏ.
  private func addYDot(_ yDot: Matrix<Scalar>, _ normalized: Matrix<Scalar>, into sums: Vector<Double>) {
    sums.fill(0)
    addProducts(yDot, normalized, to: sums[0..<inputs])
    addRows(yDot, to: sums[inputs..<2 * inputs])
  }

  /// Adds Σ_s Ẏ ẑ and Σ_s Ẏ up over the ranks, where Ẏ goes through mean and variance.
  func reduceStatistics(above: Sensitivity<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard let minibatch else { return }
    // Those of all rows are there already.
    guard ranks.lanes != nil else { return try sums.addUp(over: ranks) }
    try sums.add(rows: above.yDot.rows, samples: minibatch, over: ranks) { rows, sums in
      addYDot(above.yDot[rows], normalized[rows], into: sums)
    }
  }

  /// `Ẏ_x = γ c (Ẏ − mean_s Ẏ − ẑ mean_s(Ẏ ẑ))`, without the means where mean and variance are constants;
  /// (M10) `Z_x = |γ| c Z`, to which (M13) adds `|Ẏ| c`. In place: the signals below have the memory of those above.
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound
  ) {
    precondition(below.yDot.isSameMemory(as: above.yDot), "batch normalisation works in place")
    if let minibatch {
      for unit in 0..<inputs {
        let coefficient = -Double(coefficients[unit]) / Double(minibatch)
        normalizedShifts[unit] = Scalar(coefficient * sums.values[unit])
        yDotShifts[unit] = Scalar(coefficient * sums.values[inputs + unit])
      }
    }
    for row in 0..<above.yDot.rows {
      let yDot = above.yDot[row]
      if let z = above.z {
        scaleByMagnitudes(z[row], coefficients)
        if bound == .full { addMagnitudes(of: yDot, scaledBy: inverses, to: z[row]) }
      }
      if minibatch != nil {
        passThroughStatistics(yDot, normalized[row], coefficients, normalizedShifts, yDotShifts)
      } else {
        multiply(yDot, by: coefficients)
      }
    }
  }

  /// `ẏ⁺ = γ̇ ẑ + β̇ + γ c ẏ`: mean and variance count as constants.
  func tangent(
    below: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, direction v: Vector<Scalar>,
    into above: Matrix<Scalar>
  ) {
    let (scale, shift) = (block(.weight, of: v), block(.bias, of: v))
    for row in 0..<x.rows {
      scaleAndAdd(normalized[row], scale, shift, into: above[row])
      if let below { addProducts(of: below[row], coefficients, to: above[row]) }
    }
  }

  /// `2 Σ_s Ẏ⁺ · γ̇ c ẏ`, the product of both changes.
  func secondDerivative(
    tangentBelow tangent: Matrix<Scalar>, above yDot: Matrix<Scalar>, direction v: Vector<Scalar>, _ model: Bound
  ) -> Scalar {
    guard model == .full else { return 0 }
    let products = Arena<Double>(count: inputs).all
    addProducts(yDot, tangent, to: products)
    let scale = block(.weight, of: v)
    return 2 * (0..<inputs).reduce(0) { $0 + Scalar(products[$1]) * scale[$1] * inverses[$1] }
  }
}
