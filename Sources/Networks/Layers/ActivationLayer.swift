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

  func outputIsNonNegative(inputIsNonNegative: Bool) -> Bool {
    activation.isNonNegative || (activation == .identity && inputIsNonNegative)
  }

  func reserve(samples: Int) {
    slopes = Matrix(rows: samples, columns: inputs)
    curvatures = Matrix(rows: samples, columns: inputs)
  }

  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    activation.evaluate(
      x.elements, value: y.elements, slope: slopes.prefix(x.rows).elements,
      curvature: curvatures.prefix(x.rows).elements)
  }

  /// (M5) `u⁺ = |σ'(z)| u`.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>
  ) {
    guard let u else { return above.elements.fill(0) }
    scaleByMagnitude(u.elements, slopes.prefix(x.rows).elements, into: above.elements)
  }

  /// (M8) `Ẏ_j = Ẏ_i σ'(z)`, `Z_j = | Z_i |σ'(z)| + Ẏ_i σ''(z) u_j |`.
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound
  ) {
    let samples = above.yDot.rows
    let slope = slopes.prefix(samples).elements
    // Z first: it needs Ẏ above, which Ẏ below may overwrite.
    if let z = above.z, let zBelow = below.z, let u {
      passCurvature(
        z: z.elements, yDot: above.yDot.elements, slope: slope, curvature: curvatures.prefix(samples).elements,
        u: u.elements, into: zBelow.elements)
    }
    product(above.yDot.elements, slope, into: below.yDot.elements)
  }
}

/// y ← a ∘ b.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func product<Scalar: Real>(_ a: Vector<Scalar>, _ b: Vector<Scalar>, into y: Vector<Scalar>) {
  map(a, b, into: y) { $0 * $1 }
}

/// y ← a ∘ |b|.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func scaleByMagnitude<Scalar: Real>(_ a: Vector<Scalar>, _ b: Vector<Scalar>, into y: Vector<Scalar>) {
  map(a, b, into: y) { $0 * $1.magnitude }
}

/// (M8) `Z_j = | Z_i |σ'| + Ẏ_i σ'' u_j |`; the outer magnitude corrects negative curvature.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func passCurvature<Scalar: Real>(
  z: Vector<Scalar>, yDot: Vector<Scalar>, slope: Vector<Scalar>, curvature: Vector<Scalar>, u: Vector<Scalar>,
  into zBelow: Vector<Scalar>
) {
  map(z, yDot, slope, curvature, u, into: zBelow) { z, yDot, slope, curvature, u in
    (z * slope.magnitude + yDot * curvature * u).magnitude
  }
}
