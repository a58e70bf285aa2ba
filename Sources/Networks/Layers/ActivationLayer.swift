public import Kernels

/// The name of an activation, such as `relu`: an elementwise layer, y⁺ = σ(z).
public struct ActivationLayer: LayerDescription {
  public static var names: [String] { Activation.allCases.map(\.rawValue) }

  public let activation: Activation

  public init(_ activation: Activation) { self.activation = activation }

  public init(name: String) {
    guard let activation = Activation(rawValue: name) else { preconditionFailure("\(name) is no activation") }
    self.init(activation)
  }

  public init(from decoder: any Decoder) throws { activation = try Activation(from: decoder) }

  public func encode(to encoder: any Encoder) throws { try activation.encode(to: encoder) }

  public var name: String { activation.rawValue }

  public var worksInPlace: Bool { true }

  public func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> {
    Elementwise(activation, units: site.input.count, keepsValue: site.keepsOutput)
  }
}

extension LayerConfiguration {
  public static func activation(_ activation: Activation) -> LayerConfiguration {
    LayerConfiguration(ActivationLayer(activation))
  }
}

/// The layer that an ``ActivationLayer`` describes. It keeps the numbers from which its derivatives at the last forward
/// pass follow.
final class Elementwise<Scalar: Real>: Layer {
  private let activation: Activation
  private let units: Int
  /// Whether σ' and σ'' of the last forward pass are computed from y.
  private let findsDerivativesOfValue: Bool

  /// σ'(z) and σ''(z), [samples × units]: stored where they do not follow from y, and after a pass that prepared
  /// everything.
  private var slopes = Matrix<Scalar>(rows: 0, columns: 0)
  private var curvatures = Matrix<Scalar>(rows: 0, columns: 0)
  /// y of the last forward pass, and what the pass prepared.
  private var value: Matrix<Scalar>
  private var prepared = Pass.Preparation.everything

  init(_ activation: Activation, units: Int, keepsValue: Bool) {
    (self.activation, self.units) = (activation, units)
    findsDerivativesOfValue = keepsValue && activation.hasDerivativesOfValue
    value = slopes
  }

  func reserve(_ room: Room<Scalar>) {
    slopes = room.matrix(columns: units, isTouched: !findsDerivativesOfValue)
    curvatures = room.matrix(columns: units, isTouched: !findsDerivativesOfValue && room.bound != nil)
  }

  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws { evaluate(site) }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func evaluate(_ site: Site<Scalar>) {
    let (x, u, above) = (site.input.y, site.input.u, site.output.u)
    (value, prepared) = (site.output.y, site.pass.preparation)
    let stores = prepared == .everything || !findsDerivativesOfValue
    activation.forward(
      x.elements, into: value.elements, slopes: stores ? slopes.prefix(x.rows).elements : nil,
      curvatures: stores && prepared != .gradient ? curvatures.prefix(x.rows).elements : nil,
      totalGradient: above == nil ? nil : u?.elements, into: u == nil ? nil : above?.elements)
    if u == nil, let above { above.elements.fill(0) }
  }

  /// σ'(z) and σ''(z) of the last forward pass, which must have kept them.
  private func derivatives(_ rows: Int) -> (slopes: Vector<Scalar>, curvatures: Vector<Scalar>) {
    precondition(prepared == .everything, "a pass that prepared a step alone has no other derivatives")
    return (slopes.prefix(rows).elements, curvatures.prefix(rows).elements)
  }

  /// (M5) `u⁺ = |σ'(z)| u`.
  func totalGradient(_ site: Site<Scalar>) {
    guard let above = site.output.u else { return }
    guard let u = site.input.u else { return above.elements.fill(0) }
    guard findsDerivativesOfValue else {
      return scaleByMagnitudes(u.elements, slopes.prefix(site.rows).elements, into: above.elements)
    }
    // No function whose derivatives follow from its value has a negative slope.
    above.elements.copy(from: u.elements)
    activation.backward(.ofValue(value.elements), totalGradient: nil, yDot: above.elements, z: nil)
  }

  /// (M8), in place: the signals below share the memory of the signals above.
  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws { passBack(site) }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func passBack(_ site: Site<Scalar>) {
    let (above, rows) = (site.above, site.rows)
    precondition(site.input.yDot.isSameMemory(as: above.yDot), "an activation layer works in place")
    let z = site.input.u == nil ? nil : above.z
    precondition(z == nil || prepared != .gradient, "a pass that prepared a gradient has no curvature")
    activation.backward(
      findsDerivativesOfValue
        ? .ofValue(value.elements)
        : .stored(slopes: slopes.prefix(rows).elements, curvatures: curvatures.prefix(rows).elements),
      totalGradient: z == nil ? nil : site.input.u?.elements, site.scales, yDot: above.yDot.elements,
      z: z?.elements)
  }

  var formsSquaredError: Bool { activation.hasDerivativesOfValue }

  func squaredError(
    _ outputs: Matrix<Scalar>, targets: Matrix<Scalar>, below: Sensitivity<Scalar>, totalGradient u: Matrix<Scalar>?
  ) -> Double? {
    guard formsSquaredError else { return nil }
    return activation.squaredError(outputs: outputs, targets: targets, totalGradient: u, yDot: below.yDot, z: below.z)
  }

  /// `ẏ⁺ = σ'(z) ż`.
  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>) {
    guard let above = site.output.tangent?.elements else { return }
    guard let below = site.input.tangent else { return above.fill(0) }
    above.copy(from: below.elements)
    multiply(above, by: derivatives(site.rows).slopes)
  }

  /// `Σ_s Ẏ⁺ · σ''(z) ż²`.
  func secondDerivative(_ site: Site<Scalar>, along v: Vector<Scalar>, _ model: Bound) -> Scalar {
    guard let tangent = site.input.tangent else { return 0 }
    return weightedSquares(tangent.elements, site.output.yDot.elements, derivatives(site.rows).curvatures)
  }

  func addKinkSides(rows: Int, to sides: inout KinkSides) {
    switch activation.kink {
    case .none: return
    case .slope(let threshold): sides.add(derivatives(rows).slopes, above: Scalar(threshold))
    case .curvature(let threshold): sides.add(derivatives(rows).curvatures, above: Scalar(threshold))
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
