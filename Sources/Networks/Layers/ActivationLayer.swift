internal import Kernels

/// An elementwise layer, y⁺ = σ(z); keeps what its derivatives at the last forward pass follow from.
final class ActivationLayer<Scalar: Real>: Layer {
  let activation: Activation
  let inputs: Int
  var outputs: Int { inputs }

  /// Whether y stays where the layer wrote it until the way back: not where a layer above works in place.
  var keepsValue = false

  /// σ'(z) and σ''(z), [samples × units]: where they do not follow from y, and after a pass that may be asked for all.
  private var slopes = Matrix<Scalar>(rows: 0, columns: 0)
  private var curvatures = Matrix<Scalar>(rows: 0, columns: 0)
  /// y of the last forward pass, and what the pass prepared.
  private var value: Matrix<Scalar>
  private var prepared = Pass.Preparation.everything

  init(_ activation: Activation, units: Int) {
    self.activation = activation
    inputs = units
    value = slopes
  }

  var worksInPlace: Bool { true }

  func reserve(samples: Int) {
    slopes = Matrix(rows: samples, columns: inputs)
    curvatures = Matrix(rows: samples, columns: inputs)
  }

  func workspace(bound: Bound?) -> WorkspaceSize {
    let factors = findsDerivativesOfValue ? 0 : bound == nil ? 1 : 2
    return WorkspaceSize(reserved: 2 * inputs, touched: factors * inputs)
  }

  /// Whether σ' and σ'' of the last forward pass are found of y.
  var findsDerivativesOfValue: Bool { keepsValue && activation.hasDerivativesOfValue }

  /// The network gives the same memory below and above, except where its input is below.
  func forward(_ x: Matrix<Scalar>, parameters: Vector<Scalar>, into y: Matrix<Scalar>) {
    forward(x, into: y, totalGradientBelow: nil, nil, preparing: .everything)
  }

  func forward(
    _ x: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, parameters: Vector<Scalar>, into y: Matrix<Scalar>,
    _ above: Matrix<Scalar>?, pass: Pass, samples: Int, ids: Span<Int32>,
    over ranks: borrowing some GlobalSum & ~Copyable
  ) throws {
    forward(x, into: y, totalGradientBelow: u, above, preparing: pass.preparation)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func forward(
    _ x: Matrix<Scalar>, into y: Matrix<Scalar>, totalGradientBelow u: Matrix<Scalar>?, _ above: Matrix<Scalar>?,
    preparing preparation: Pass.Preparation
  ) {
    (value, prepared) = (y, preparation)
    let stores = preparation == .everything || !findsDerivativesOfValue
    activation.forward(
      x.elements, into: y.elements, slopes: stores ? slopes.prefix(x.rows).elements : nil,
      curvatures: stores && preparation != .gradient ? curvatures.prefix(x.rows).elements : nil,
      totalGradient: above == nil ? nil : u?.elements, into: u == nil ? nil : above?.elements)
    if u == nil, let above { above.elements.fill(0) }
  }

  /// σ'(z) and σ''(z) of the last forward pass, which must have kept them.
  private func derivatives(_ samples: Int) -> (slopes: Vector<Scalar>, curvatures: Vector<Scalar>) {
    precondition(prepared == .everything, "a pass that prepared a step alone has no other derivatives")
    return (slopes.prefix(samples).elements, curvatures.prefix(samples).elements)
  }

  /// (M5) `u⁺ = |σ'(z)| u`.
  func totalGradient(
    below u: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, into above: Matrix<Scalar>
  ) {
    guard let u else { return above.elements.fill(0) }
    guard findsDerivativesOfValue else {
      return scaleByMagnitudes(u.elements, slopes.prefix(x.rows).elements, into: above.elements)
    }
    // No function whose derivatives follow from its value has a negative slope.
    above.elements.copy(from: u.elements)
    activation.backward(.ofValue(value.elements), totalGradient: nil, yDot: above.elements, z: nil)
  }

  /// (M8), in place: the signals below have the memory of those above.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func backward(
    above: Sensitivity<Scalar>, below: Sensitivity<Scalar>, totalGradientBelow u: Matrix<Scalar>?,
    parameters: Vector<Scalar>, bound: Bound
  ) {
    precondition(below.yDot.isSameMemory(as: above.yDot), "an activation layer works in place")
    let samples = above.yDot.rows
    let z = u == nil ? nil : above.z
    precondition(z == nil || prepared != .gradient, "a pass that prepared a gradient has no curvature")
    activation.backward(
      findsDerivativesOfValue
        ? .ofValue(value.elements)
        : .stored(slopes: slopes.prefix(samples).elements, curvatures: curvatures.prefix(samples).elements),
      totalGradient: z == nil ? nil : u?.elements, yDot: above.yDot.elements, z: z?.elements)
  }

  /// `ẏ⁺ = σ'(z) ż`.
  func tangent(
    below: Matrix<Scalar>?, input x: Matrix<Scalar>, parameters: Vector<Scalar>, direction v: Vector<Scalar>,
    into above: Matrix<Scalar>
  ) {
    guard let below else { return above.elements.fill(0) }
    above.elements.copy(from: below.elements)
    multiply(above.elements, by: derivatives(x.rows).slopes)
  }

  /// `Σ_s Ẏ⁺ · σ''(z) ż²`.
  func secondDerivative(
    tangentBelow tangent: Matrix<Scalar>, above yDot: Matrix<Scalar>, direction v: Vector<Scalar>, _ model: Bound
  ) -> Scalar {
    weightedSquares(tangent.elements, yDot.elements, derivatives(yDot.rows).curvatures)
  }

  /// relu and leakyRelu have slope 1 above z = 0 and a smaller one below, elu has σ'' = 0 above and e^z below.
  func addKinkSides(samples: Int, to sides: inout KinkSides) {
    switch activation {
    case .relu, .leakyRelu: sides.add(derivatives(samples).slopes, above: 0.5)
    case .elu: sides.add(derivatives(samples).curvatures, above: 0)
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
