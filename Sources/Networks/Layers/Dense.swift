internal import Kernels

/// An affine layer, y⁺ = y Wᵀ + b, with weights [outputs × inputs] followed by biases [outputs], which may be left out.
final class Dense<Scalar: Real>: Layer {
  let inputs: Int
  let outputs: Int
  private let hasBias: Bool
  /// False in the first affine layer, where u below is zero: then |Ẏ| is not needed.
  private let inputCarriesTotalGradient: Bool

  /// That of all layers of the network.
  private let workspace: ProductWorkspace<Scalar>
  /// |Ẏ|, [samples × outputs], for the full bound.
  private var yDotMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)
  /// The same over samples of several ranks.
  private var sharedMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)
  /// Σ_j |y_j| + 1[bias] of (M4), [samples].
  private var inputMagnitudes = Arena<Scalar>(count: 0).all
  /// The lanes of the last sums, and room for those of the biases, [levels × outputs].
  private let laneTerms = LaneTerms()
  private var laneBiases = Arena<Scalar>(count: 0)

  init(
    inputs: Int, outputs: Int, hasBias: Bool, inputCarriesTotalGradient: Bool, workspace: ProductWorkspace<Scalar>
  ) {
    self.workspace = workspace
    self.inputs = inputs
    self.outputs = outputs
    self.hasBias = hasBias
    self.inputCarriesTotalGradient = inputCarriesTotalGradient
  }

  var parameters: [ParameterShape] {
    let weight = ParameterShape(role: .weight, shape: [outputs, inputs])
    return hasBias ? [weight, ParameterShape(role: .bias, shape: [outputs])] : [weight]
  }

  var introducesTotalGradient: Bool { true }

  func reserve(samples: Int) {
    reserveProducts(units: outputs, samples: samples)
    if inputCarriesTotalGradient { yDotMagnitudes = Matrix(rows: samples, columns: outputs) }
    inputMagnitudes = Arena(count: samples).all
  }

  func workspace(bound: Bound?) -> WorkspaceSize {
    let magnitudes = inputCarriesTotalGradient ? outputs : 0
    return WorkspaceSize(reserved: magnitudes + 1, touched: (bound == .full ? magnitudes : 0) + 1)
  }

  /// Room for the products of (M1), (M4) and (M10), and for those of (M9) of some output units.
  private func reserveProducts(units: Int, samples: Int) {
    workspace.reserve(rows: samples, columns: outputs, terms: inputs)
    workspace.reserve(rows: samples, columns: inputs, terms: outputs)
    workspace.reserve(rows: units, columns: inputs, terms: samples)
    workspace.reserve(rows: units, columns: inputs, terms: samples, isStep: true)
  }

  private func weights(_ parameters: Vector<Scalar>) -> Matrix<Scalar> {
    parameters[0..<outputs * inputs].matrix(rows: outputs, columns: inputs)
  }

  private func biases(_ parameters: Vector<Scalar>) -> Vector<Scalar>? {
    hasBias ? parameters[outputs * inputs..<outputs * inputs + outputs] : nil
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    multiplyPair(
      x, nil, transposed: weights(parameters), into: y, nil, addingRow: biases(parameters), workspace: workspace)
  }

  /// (M1) and (M4) in one pass over the weights.
  func forward(
    _ x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, parameters: Vector<Scalar>, into y: Matrix<Scalar>,
    _ above: Matrix<Scalar>?, pass: Pass, samples: Int, ids: Span<Int32>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    if let u, let above {
      forwardPair(x, u, parameters: parameters, into: y, above)
    } else {
      forward(x, parameters: parameters, into: y)
      if let above { totalGradient(below: nil, input: x, parameters: parameters, into: above) }
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func forwardPair(
    _ x: Matrix<Scalar>, _ u: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>,
    _ above: Matrix<Scalar>
  ) {
    let magnitudes = inputMagnitudes[0..<x.rows]
    x.magnitudeSums(plus: hasBias ? 1 : 0, into: magnitudes)
    multiplyPair(
      x, u, transposed: weights(parameters), into: y, above, addingRow: biases(parameters), addingColumn: magnitudes,
      workspace: workspace)
  }

  /// (M4) `u⁺_i = Σ_j |y_j| + 1[bias] + Σ_j |w_ij| u_j`: one number for each sample, and one product where u is not zero.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>
  ) {
    above.fillRows(withMagnitudeSumsOf: x, plus: hasBias ? 1 : 0)
    guard let u else { return }
    multiplyPair(nil, u, transposed: weights(parameters), into: nil, above, beta: 1, workspace: workspace)
  }

  /// (M9) `Ẇ ← Ẏᵀ y, Ẅ ← Zᵀ |y|`, biases with y ≡ 1; (M13) adds `|Ẏ|ᵀ u` to the weights' Ẅ.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func addStatistics(
    input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>, rows: Range<Int>,
    into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool
  ) {
    formStatistics(
      of: 0..<outputs, input: x[rows], totalGradientBelow: u?[rows], above: above[rows], magnitudes: yDotMagnitudes,
      into: sums, bound: bound, accumulating: accumulating)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func formStatistics(
    of units: Range<Int>, input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    magnitudes: Matrix<Scalar>, into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool
  ) {
    let (z, wDDot) = sums.wDDot == nil ? (nil, nil) : (above.z, sums.wDDot)
    multiplyPair(
      transposed: above.yDot, z, x, into: weights(sums.wDot), z == nil ? nil : wDDot.map(weights), rows: units,
      beta: accumulating ? 1 : 0, workspace: workspace)
    formBiasStatistics(of: units, above: above, into: sums, accumulating: accumulating)
    if bound == .full, let u, let wDDot, z != nil {
      let yDot = magnitudes.prefix(x.rows)
      above.yDot.elements.magnitudes(into: yDot.elements)
      multiplyPair(
        transposed: yDot, nil, u, into: weights(wDDot), nil, rows: units, beta: 1, workspace: workspace)
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func formBiasStatistics(
    of units: Range<Int>, above: Sensitivity<Scalar>, into sums: StatisticsSlice<Scalar>, accumulating: Bool
  ) {
    if let bias = biases(sums.wDot) {
      above.yDot.sumRows(columns: units, into: bias[units], accumulating: accumulating)
    }
    if let z = above.z, let bias = sums.wDDot.flatMap(biases) {
      z.sumRows(columns: units, into: bias[units], accumulating: accumulating)
    }
  }

  /// The full bound adds a second product to a lane's Ẅ before lanes are added up.
  func addsLanes(totalGradientBelow u: Matrix<Scalar>?, bound: Bound) -> Bool { bound == .paper || u == nil }

  /// (M9) in one product for all lanes.
  func formStatistics(
    of lanes: Range<Int>, in tree: LaneTree, samples: Int, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>
  ) {
    if laneBiases.count < tree.levels * outputs { laneBiases = Arena(count: tree.levels * outputs) }
    laneTerms.set(lanes, of: tree, samples: samples)
    let rows = tree.rows(of: lanes, samples: samples)
    let (z, wDDot) = sums.wDDot == nil ? (nil, nil) : (above.z, sums.wDDot)
    multiplyPair(
      transposed: above.yDot[rows], z?[rows], x[rows], into: weights(sums.wDot),
      z == nil ? nil : wDDot.map(weights), lanes: laneTerms, workspace: workspace)
    func addBiases(_ signal: Matrix<Scalar>, into bias: Vector<Scalar>) {
      func target(_ level: Int) -> Vector<Scalar> {
        level == 0 ? bias : laneBiases.all[(level - 1) * outputs..<level * outputs]
      }
      tree.fold(lanes) { lane, level in
        signal[tree.rows(of: lane, samples: samples)].sumRows(into: target(level), accumulating: false)
      } join: {
        target($0).add(target($0 + 1))
      }
    }
    if let bias = biases(sums.wDot) { addBiases(above.yDot, into: bias) }
    if let wDDot, let z, let bias = biases(wDDot) { addBiases(z, into: bias) }
  }

  var hasSeparableStatistics: Bool { true }

  func reserve(statisticsOf units: Range<Int>, samples: Int) {
    reserveProducts(units: units.count, samples: samples)
    if inputCarriesTotalGradient { sharedMagnitudes = Matrix(rows: samples, columns: outputs) }
  }

  /// (M9), (M13) as in `addStatistics`, of the rows of W and b that belong to some units.
  func formStatistics(
    of units: Range<Int>, input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>, bound: Bound
  ) {
    formStatistics(
      of: units, input: x, totalGradientBelow: u, above: above, magnitudes: sharedMagnitudes, into: sums, bound: bound,
      accumulating: false)
  }

  /// (M9, M11) in one product, or two.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func moveWeights(
    of units: Range<Int>, _ step: WeightStep<Scalar>, input x: Matrix<Scalar>, above: Sensitivity<Scalar>,
    parameters: Vector<Scalar>, into sums: StatisticsSlice<Scalar>
  ) {
    moveByProducts(
      weights(parameters), rows: units, step, transposed: above.yDot, sums.wDDot == nil ? nil : above.z, x,
      workspace: workspace)
    formBiasStatistics(of: units, above: above, into: sums, accumulating: false)
  }

  /// (M10) `Ẏ_j = Σ_i Ẏ_i w_ij, Z_j = Σ_i Z_i |w_ij|`; (M13) adds `Σ_i |Ẏ_i|` to Z_j.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound
  ) {
    let weights = weights(parameters)
    let z = below.z == nil ? nil : above.z
    guard bound == .full, let z, let zBelow = below.z else {
      multiplyPair(
        above.yDot, z, weights, into: below.yDot, z == nil ? nil : below.z, workspace: workspace)
      return
    }
    multiplyPair(above.yDot, nil, weights, into: below.yDot, nil, workspace: workspace)
    zBelow.fillRows(withMagnitudeSumsOf: above.yDot, plus: 0)
    multiplyPair(nil, z, weights, into: nil, zBelow, beta: 1, workspace: workspace)
  }

  /// `ẏ⁺ = V y + v_b + W ẏ`.
  func tangent(
    below: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, direction v: Vector<Scalar>,
    into above: Matrix<Scalar>
  ) {
    forward(x, parameters: v, into: above)
    guard let below else { return }
    multiplyPair(
      below, nil, transposed: weights(parameters), into: above, nil, beta: 1, workspace: workspace)
  }

  /// `2 Σ_s Ẏ⁺ · V ẏ`, the product of both changes.
  func secondDerivative(
    tangentBelow tangent: Matrix<Scalar>, above yDot: Matrix<Scalar>, direction v: Vector<Scalar>, _ model: Bound
  ) -> Scalar {
    guard model == .full else { return 0 }
    let product = Matrix<Scalar>(rows: tangent.rows, columns: outputs)
    multiplyPair(tangent, nil, transposed: weights(v), into: product, nil, workspace: workspace)
    return 2 * product.elements.dot(yDot.elements)
  }
}
