internal import Kernels

/// An affine layer, y⁺ = y Wᵀ + b, with weights [outputs × inputs] followed by biases [outputs], which may be left out.
final class Dense<Scalar: Real>: Layer {
  let inputs: Int
  let outputs: Int
  private let hasBias: Bool
  /// Known at construction: then |y| is y, and needs no copy.
  private let inputIsNonNegative: Bool
  /// False in the first affine layer, where u below is zero: then neither |W| nor |Ẏ| is needed.
  private let inputCarriesTotalGradient: Bool

  /// |y|, [samples × inputs], of the last `totalGradient`; unused when the input cannot be negative.
  private var inputMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)
  /// |W|, [outputs × inputs], of the last `totalGradient`.
  private var weightMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)
  /// |Ẏ|, [samples × outputs], for the full bound.
  private var yDotMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)

  /// For the statistics of some output units, over samples of several ranks: their Ẏ and Z, [samples × units], and |y|,
  /// [samples × inputs].
  private var yDotPart = Matrix<Scalar>(rows: 0, columns: 0)
  private var zPart = Matrix<Scalar>(rows: 0, columns: 0)
  private var sharedMagnitudes = Matrix<Scalar>(rows: 0, columns: 0)

  init(inputs: Int, outputs: Int, hasBias: Bool, inputIsNonNegative: Bool, inputCarriesTotalGradient: Bool) {
    self.inputs = inputs
    self.outputs = outputs
    self.hasBias = hasBias
    self.inputIsNonNegative = inputIsNonNegative
    self.inputCarriesTotalGradient = inputCarriesTotalGradient
  }

  var parameters: [ParameterShape] {
    let weight = ParameterShape(role: .weight, shape: [outputs, inputs])
    return hasBias ? [weight, ParameterShape(role: .bias, shape: [outputs])] : [weight]
  }

  var introducesTotalGradient: Bool { true }

  func outputIsNonNegative(inputIsNonNegative: Bool) -> Bool { false }

  func reserve(samples: Int) {
    if !inputIsNonNegative { inputMagnitudes = Matrix(rows: samples, columns: inputs) }
    guard inputCarriesTotalGradient else { return }
    weightMagnitudes = Matrix(rows: outputs, columns: inputs)
    yDotMagnitudes = Matrix(rows: samples, columns: outputs)
  }

  private func weights(_ parameters: Vector<Scalar>) -> Matrix<Scalar> {
    parameters[0..<outputs * inputs].matrix(rows: outputs, columns: inputs)
  }

  private func biases(_ parameters: Vector<Scalar>) -> Vector<Scalar>? {
    hasBias ? parameters[outputs * inputs..<outputs * inputs + outputs] : nil
  }

  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    let bias = biases(parameters)
    if let bias {
      for sample in 0..<y.rows { y[sample].copy(from: bias) }
    }
    multiply(x, transposed: weights(parameters), into: y, beta: bias == nil ? 0 : 1)
  }

  /// (M4) `u⁺_i = Σ_j |y_j| + 1[bias] + Σ_j |w_ij| u_j`: one number for each sample, and one product where u is not zero.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>
  ) {
    for sample in 0..<x.rows {
      if !inputIsNonNegative { x[sample].magnitudes(into: inputMagnitudes[sample]) }
      above[sample].fill(x[sample].magnitudeSum + (hasBias ? 1 : 0))
    }
    guard let u else { return }
    weights(parameters).elements.magnitudes(into: weightMagnitudes.elements)
    multiply(u, transposed: weightMagnitudes, into: above, beta: 1)
  }

  /// (M9) `Ẇ ← Ẏᵀ y, Ẅ ← Zᵀ |y|`, biases with y ≡ 1; (M13) adds `|Ẏ|ᵀ u` to the weights' Ẅ.
  func addStatistics(
    input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>, bound: Bound, accumulating: Bool
  ) {
    let beta: Scalar = accumulating ? 1 : 0
    multiply(transposed: above.yDot, x, into: weights(sums.wDot), beta: beta)
    if let bias = biases(sums.wDot) { above.yDot.sumRows(into: bias, accumulating: accumulating) }

    guard let wDDot = sums.wDDot, let z = above.z else { return }
    let magnitudes = inputIsNonNegative ? x : inputMagnitudes.prefix(x.rows)
    multiply(transposed: z, magnitudes, into: weights(wDDot), beta: beta)
    if let bias = biases(wDDot) { z.sumRows(into: bias, accumulating: accumulating) }
    if bound == .full, let u {
      let yDot = yDotMagnitudes.prefix(x.rows)
      above.yDot.elements.magnitudes(into: yDot.elements)
      multiply(transposed: yDot, u, into: weights(wDDot), beta: 1)
    }
  }

  var hasSeparableStatistics: Bool { true }

  func reserve(statisticsOf units: Range<Int>, samples: Int) {
    (yDotPart, zPart) = (Matrix(rows: samples, columns: units.count), Matrix(rows: samples, columns: units.count))
    if !inputIsNonNegative { sharedMagnitudes = Matrix(rows: samples, columns: inputs) }
  }

  /// (M9), (M13) as in `addStatistics`, of the rows of W and b that belong to some units.
  func formStatistics(
    of units: Range<Int>, input x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, above: Sensitivity<Scalar>,
    into sums: StatisticsSlice<Scalar>, bound: Bound
  ) {
    let (yDot, z) = (yDotPart.prefix(x.rows), zPart.prefix(x.rows))
    yDot.copy(columns: units, of: above.yDot)
    multiply(transposed: yDot, x, into: weights(sums.wDot)[units])
    if let bias = biases(sums.wDot) { yDot.sumRows(into: bias[units], accumulating: false) }

    guard let wDDot = sums.wDDot, let zAbove = above.z else { return }
    let magnitudes = inputIsNonNegative ? x : sharedMagnitudes.prefix(x.rows)
    if !inputIsNonNegative { x.elements.magnitudes(into: magnitudes.elements) }
    z.copy(columns: units, of: zAbove)
    multiply(transposed: z, magnitudes, into: weights(wDDot)[units])
    if let bias = biases(wDDot) { z.sumRows(into: bias[units], accumulating: false) }
    if bound == .full, let u {
      // Z has served: its memory takes |Ẏ|.
      yDot.elements.magnitudes(into: z.elements)
      multiply(transposed: z, u, into: weights(wDDot)[units], beta: 1)
    }
  }

  /// (M10) `Ẏ_j = Σ_i Ẏ_i w_ij, Z_j = Σ_i Z_i |w_ij|`; (M13) adds `Σ_i |Ẏ_i|` to Z_j.
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound
  ) {
    multiply(above.yDot, weights(parameters), into: below.yDot)
    guard let z = above.z, let zBelow = below.z else { return }
    if bound == .full {
      for sample in 0..<zBelow.rows { zBelow[sample].fill(above.yDot[sample].magnitudeSum) }
    }
    multiply(z, weightMagnitudes, into: zBelow, beta: bound == .full ? 1 : 0)
  }

  /// `ẏ⁺ = V y + v_b + W ẏ`.
  func tangent(
    below: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, direction v: Vector<Scalar>,
    into above: Matrix<Scalar>
  ) {
    forward(x, parameters: v, into: above)
    if let below { multiply(below, transposed: weights(parameters), into: above, beta: 1) }
  }

  /// `2 Σ_s Ẏ⁺ · V ẏ`, the product of both changes.
  func secondDerivative(
    tangentBelow tangent: Matrix<Scalar>, above yDot: Matrix<Scalar>, direction v: Vector<Scalar>, _ model: Bound
  ) -> Scalar {
    guard model == .full else { return 0 }
    let product = Matrix<Scalar>(rows: tangent.rows, columns: outputs)
    multiply(tangent, transposed: weights(v), into: product)
    return 2 * product.elements.dot(yDot.elements)
  }
}
