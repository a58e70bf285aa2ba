internal import Kernels

/// An elementwise layer, y⁺ = σ(z); keeps σ'(z) and σ''(z) of the last forward pass.
final class ActivationLayer<Scalar: Real>: Layer {
  let activation: Activation
  let inputs: Int
  var outputs: Int { inputs }

  /// σ'(z) and σ''(z), [samples × units].
  private var slopes = Matrix<Scalar>(rows: 0, columns: 0)
  private var curvatures = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ activation: Activation, units: Int) {
    self.activation = activation
    inputs = units
  }

  var worksInPlace: Bool { true }

  func reserve(samples: Int) {
    slopes = Matrix(rows: samples, columns: inputs)
    curvatures = Matrix(rows: samples, columns: inputs)
  }

  /// The network gives the same memory below and above, except where its input is below.
  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    if !y.isSameMemory(as: x) { y.elements.copy(from: x.elements) }
    activation.evaluate(
      y.elements, slopes: slopes.prefix(x.rows).elements, curvatures: curvatures.prefix(x.rows).elements)
  }

  /// (M5) `u⁺ = |σ'(z)| u`.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>
  ) {
    guard let u else { return above.elements.fill(0) }
    scaleByMagnitudes(u.elements, slopes.prefix(x.rows).elements, into: above.elements)
  }

  /// (M8), in place: the signals below have the memory of those above.
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound
  ) {
    precondition(below.yDot.isSameMemory(as: above.yDot), "an activation layer works in place")
    let samples = above.yDot.rows
    let slopes = slopes.prefix(samples).elements
    if let z = above.z, let u {
      passSensitivity(
        yDot: above.yDot.elements, z: z.elements, slopes: slopes, curvatures: curvatures.prefix(samples).elements,
        u: u.elements)
    } else {
      multiply(above.yDot.elements, by: slopes)
    }
  }

  /// `ẏ⁺ = σ'(z) ż`.
  func tangent(
    below: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, direction v: Vector<Scalar>,
    into above: Matrix<Scalar>
  ) {
    guard let below else { return above.elements.fill(0) }
    above.elements.copy(from: below.elements)
    multiply(above.elements, by: slopes.prefix(x.rows).elements)
  }

  /// `Σ_s Ẏ⁺ · σ''(z) ż²`.
  func secondDerivative(
    tangentBelow tangent: Matrix<Scalar>, above yDot: Matrix<Scalar>, direction v: Vector<Scalar>, _ model: Bound
  ) -> Scalar {
    weightedSquares(tangent.elements, yDot.elements, curvatures.prefix(yDot.rows).elements)
  }

  /// relu and leakyRelu have slope 1 above z = 0 and a smaller one below, elu has σ'' = 0 above and e^z below.
  func addKinkSides(samples: Int, to sides: inout KinkSides) {
    switch activation {
    case .relu, .leakyRelu: sides.add(slopes.prefix(samples).elements, above: 0.5)
    case .elu: sides.add(curvatures.prefix(samples).elements, above: 0)
    case .identity, .sigmoid, .tanh, .softplus, .swish: break
    }
  }
}

/// x ← x ∘ a.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func multiply<Scalar: Real>(_ x: Vector<Scalar>, by a: Vector<Scalar>) {
  update(x, a) { $0 * $1 }
}

/// Σ x² a b.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func weightedSquares<Scalar: Real>(_ x: Vector<Scalar>, _ a: Vector<Scalar>, _ b: Vector<Scalar>) -> Scalar {
  (0..<x.count).reduce(0) { $0 + x[$1] * x[$1] * a[$1] * b[$1] }
}

/// y ← a ∘ |b|.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func scaleByMagnitudes<Scalar: Real>(_ a: Vector<Scalar>, _ b: Vector<Scalar>, into y: Vector<Scalar>) {
  map(a, b, into: y) { $0 * $1.magnitude }
}

/// (M8) `Ẏ_j = Ẏ_i σ'`, `Z_j = | Z_i |σ'| + Ẏ_i σ'' u_j |`; the outer magnitude corrects negative curvature.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func passSensitivity<Scalar: Real>(
  yDot: Vector<Scalar>, z: Vector<Scalar>, slopes: Vector<Scalar>, curvatures: Vector<Scalar>, u: Vector<Scalar>
) {
  update(yDot, z, slopes, curvatures, u) { yDot, z, slope, curvature, u in
    (yDot * slope, (z * slope.magnitude + yDot * curvature * u).magnitude)
  }
}
