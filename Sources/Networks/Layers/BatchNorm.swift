public import Kernels

/// `batchNorm`: batch normalisation, y⁺ = γ ẑ + β with ẑ = (y − mean) c and c = 1/√(variance + ε), unit by unit.
public struct BatchNormLayer: LayerDescription {
  public static let names = ["batchNorm"]

  public static let neededTensors = "batch normalisation needs weight, bias, running_mean and running_var"

  public init(name: String = "batchNorm") {}

  public func parameters(of input: Shape) -> [ParameterShape] {
    let starts: [(ParameterShape.Role, Double)] = [(.weight, 1), (.bias, 0), (.runningMean, 0), (.runningVariance, 1)]
    return starts.map { ParameterShape(role: $0, shape: [input.count], start: .value($1)) }
  }

  public func inputs(of tensors: LayerTensors) -> Int? {
    // A weight that is not a vector is rejected because of its shape.
    tensors[.weight]?.last
  }

  public var worksInPlace: Bool { true }

  public func normalizedRowsPerSample(of input: Shape) -> Int? { 1 }

  public var isTrainedAsUsed: Bool { false }

  public func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> { BatchNorm(units: site.input.count) }
}

extension LayerConfiguration {
  public static var batchNorm: LayerConfiguration { LayerConfiguration(BatchNormLayer()) }
}

/// The layer that a ``BatchNormLayer`` describes.
///
/// The parameters are γ, β and the running averages of mean and variance, [units] each. In training, the layer uses the
/// mean and the (biased) variance of the *global* minibatch: the ranks first sum the mean and then the centred
/// variance, both in Double. In use, it takes the running averages. For u and Z, mean and variance are constants: ẑ and
/// 1 are the inputs of γ and β, and γ c is the coefficient of y.
private final class BatchNorm<Scalar: Real>: Layer, OwnStatistics {
  /// ε, added to every variance.
  private static var epsilon: Double { 1e-5 }
  /// The share of a minibatch's mean and variance in the updated running averages.
  private static var rate: Double { 0.1 }

  private let units: Int

  /// ẑ of the last forward pass, [samples × units].
  private var normalized = Matrix<Scalar>(rows: 0, columns: 0)
  /// The mean, c, γ c of the last forward pass, and −γ c mean_s Ẏ, −γ c mean_s(Ẏ ẑ) of the backward pass, [units] each.
  private let means, inverses, coefficients, yDotShifts, normalizedShifts: Vector<Scalar>
  /// Two sums Σ_s over the minibatch, in Double, [units] each; in one vector, so that both are summed over the ranks at
  /// once.
  private let sums: SampleSums<Double>
  /// Mean and variance of the last forward pass before they are rounded, [units] each.
  private let exactMeans, exactVariances: SampleSums<Double>
  /// The size of the global minibatch where Ẏ includes the derivatives of its mean and variance; nil where they are
  /// constants.
  private var minibatch: Int?

  init(units: Int) {
    self.units = units
    let vectors = Arena<Scalar>(count: 5 * units).all
    func part(_ k: Int) -> Vector<Scalar> { vectors[k * units..<(k + 1) * units] }
    (means, inverses, coefficients) = (part(0), part(1), part(2))
    (yDotShifts, normalizedShifts) = (part(3), part(4))
    sums = SampleSums(count: 2 * units)
    (exactMeans, exactVariances) = (SampleSums(count: units), SampleSums(count: units))
  }

  func reserve(_ room: Room<Scalar>) { normalized = room.matrix(columns: units) }

  /// One of the four blocks of a slice of parameters: γ, β, the running mean, the running variance.
  private func block(_ role: ParameterShape.Role, of parameters: Vector<Scalar>) -> Vector<Scalar> {
    let index =
      switch role {
      case .weight: 0
      case .bias: 1
      case .runningMean: 2
      case .runningVariance: 3
      }
    return parameters[index * units..<(index + 1) * units]
  }

  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    minibatch = site.pass.normalization == .minibatch ? site.samples : nil
    if site.pass.normalization == .running {
      takeRunningAverages(site.parameters)
    } else {
      try takeMinibatch(site, over: ranks)
    }
    normalize(site.input.y, parameters: site.parameters, into: site.output.y)
    if site.output.u != nil { totalGradient(site) }
  }

  private func takeRunningAverages(_ parameters: Vector<Scalar>) {
    let (mean, variance) = (block(.runningMean, of: parameters), block(.runningVariance, of: parameters))
    for unit in 0..<units {
      exactMeans.values[unit] = Double(mean[unit])
      exactVariances.values[unit] = Double(variance[unit])
    }
  }

  /// Mean and variance of the global minibatch. Collective.
  private func takeMinibatch(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let (x, samples) = (site.input.y, site.samples)
    precondition(samples >= max(1, x.rows), "a global minibatch has at least the samples of one rank")
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
    if site.pass.updatesRunningAverages {
      moveAverage(block(.runningMean, of: site.parameters), toward: means, rate: Self.rate)
      moveAverage(block(.runningVariance, of: site.parameters), toward: variances, rate: Self.rate)
    }
  }

  /// Computes ẑ and y⁺ from the mean and the variance in ``exactMeans`` and ``exactVariances``; y may share the memory
  /// of x.
  private func normalize(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    let (scale, shift) = (block(.weight, of: parameters), block(.bias, of: parameters))
    for unit in 0..<units {
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
  func totalGradient(_ site: Site<Scalar>) {
    guard let above = site.output.u else { return }
    for row in 0..<site.rows {
      if let u = site.input.u {
        passTotalGradient(
          normalized[row], u[row], coefficients, times: site.scales.parameterInputs, into: above[row])
      } else {
        magnitudesPlusOne(normalized[row], into: above[row])
      }
    }
  }

  var statistics: StatisticsForm<Scalar> { .own(self) }

  /// (M9) `Ẇ_γ = Σ Ẏ ẑ, Ẇ_β = Σ Ẏ, Ẅ_γ = Σ Z |ẑ|, Ẅ_β = Σ Z`; (M13) adds `Σ |Ẏ| c u` to Ẅ_γ.
  func addStatistics(
    _ site: Site<Scalar>, rows: Range<Int>, into slice: StatisticsSlice<Scalar>, accumulating: Bool
  ) {
    if !accumulating {
      slice.wDot.fill(0)
      slice.wDDot?.fill(0)
    }
    let (normalized, above, u) = (normalized[rows], site.above[rows], site.input.u?[rows])
    let sums = sums.values
    let (scale, shift) = (sums[0..<units], sums[units..<2 * units])
    if let wDDot = slice.wDDot, let z = above.z {
      sums.fill(0)
      if site.bound == .full, let u {
        addMagnitudeProducts(above.yDot, u, to: scale)
        for unit in 0..<units { scale[unit] *= Double(inverses[unit]) * Double(site.scales.products) }
      }
      addMagnitudeProducts(normalized, z, to: scale)
      addRows(z, to: shift)
      add(scale, to: block(.weight, of: wDDot))
      add(shift, to: block(.bias, of: wDDot))
    }
    // Formed last, because the backward pass needs these two sums over all ranks.
    addYDot(above.yDot, normalized, into: sums)
    add(scale, to: block(.weight, of: slice.wDot))
    add(shift, to: block(.bias, of: slice.wDot))
  }

  /// Overwrites `sums` with Σ_s Ẏ ẑ, then Σ_s Ẏ.
  private func addYDot(_ yDot: Matrix<Scalar>, _ normalized: Matrix<Scalar>, into sums: Vector<Double>) {
    sums.fill(0)
    addProducts(yDot, normalized, to: sums[0..<units])
    addRows(yDot, to: sums[units..<2 * units])
  }

  /// Sums Σ_s Ẏ ẑ and Σ_s Ẏ over the ranks, where Ẏ includes the derivatives of mean and variance.
  private func reduceStatistics(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    guard let minibatch else { return }
    // The sums over all rows of this rank are there already.
    guard ranks.lanes != nil else { return try sums.addUp(over: ranks) }
    let yDot = site.output.yDot
    try sums.add(rows: yDot.rows, samples: minibatch, over: ranks) { rows, sums in
      addYDot(yDot[rows], normalized[rows], into: sums)
    }
  }

  /// `Ẏ_x = γ c (Ẏ − mean_s Ẏ − ẑ mean_s(Ẏ ẑ))`, without the means where mean and variance are constants; (M10)
  /// `Z_x = |γ| c Z`, to which (M13) adds `|Ẏ| c`. In place: the signals below share the memory of the signals above.
  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let above = site.above
    precondition(site.input.yDot.isSameMemory(as: above.yDot), "batch normalisation works in place")
    try reduceStatistics(site, over: ranks)
    if let minibatch {
      for unit in 0..<units {
        let coefficient = -Double(coefficients[unit]) / Double(minibatch)
        normalizedShifts[unit] = Scalar(coefficient * sums.values[unit])
        yDotShifts[unit] = Scalar(coefficient * sums.values[units + unit])
      }
    }
    for row in 0..<above.yDot.rows {
      let yDot = above.yDot[row]
      if let z = above.z {
        scaleByMagnitudes(z[row], coefficients)
        if site.bound == .full { addMagnitudes(of: yDot, scaledBy: inverses, site.scales.yDot, to: z[row]) }
      }
      if minibatch != nil {
        passThroughStatistics(yDot, normalized[row], coefficients, normalizedShifts, yDotShifts)
      } else {
        multiply(yDot, by: coefficients)
      }
    }
  }

  /// `ẏ⁺ = γ̇ ẑ + β̇ + γ c ẏ`: mean and variance count as constants.
  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>) {
    guard let above = site.output.tangent else { return }
    let (scale, shift) = (block(.weight, of: v), block(.bias, of: v))
    for row in 0..<site.rows {
      scaleAndAdd(normalized[row], scale, shift, into: above[row])
      if let below = site.input.tangent { addProducts(of: below[row], coefficients, to: above[row]) }
    }
  }

  /// `2 Σ_s Ẏ⁺ · γ̇ c ẏ`, the product of the changes of γ and the input.
  func secondDerivative(_ site: Site<Scalar>, along v: Vector<Scalar>, _ model: Bound) -> Scalar {
    guard model == .full, let tangent = site.input.tangent else { return 0 }
    let products = Arena<Double>(count: units).all
    addProducts(site.output.yDot, tangent, to: products)
    let scale = block(.weight, of: v)
    return 2 * (0..<units).reduce(0) { $0 + Scalar(products[$1]) * scale[$1] * inverses[$1] }
  }
}
