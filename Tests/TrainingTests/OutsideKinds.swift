import Foundation
import Kernels
import Networks
import Optimizers

// Kinds of layers, activations, losses and optimizers that the product does not know: each is one file's worth, made by its public
// interface alone.

/// `{gain: 2}`: y⁺ = g y with one trainable number g for all units.
struct GainLayer: LayerDescription {
  static let names = ["gain"]
  static let example: String? = "its first value, for example {gain: 2}"

  let start: Double

  init(_ start: Double) { self.start = start }
  init(name: String) { self.init(1) }
  init(from decoder: any Decoder) throws { start = try decoder.singleValueContainer().decode(Double.self) }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(start)
  }

  func parameters(of input: Shape) -> [ParameterShape] {
    [ParameterShape(role: .weight, shape: [1], start: .value(start))]
  }

  func make<Scalar: Real>(_ site: LayerSite<Scalar>) -> any Layer<Scalar> { Gain() }
}

private final class Gain<Scalar: Real>: Layer, OwnStatistics {
  func forward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    for k in 0..<site.input.y.elements.count {
      site.output.y.elements[k] = site.parameters[0] * site.input.y.elements[k]
    }
    totalGradient(site)
  }

  /// u⁺ = |y| + |g| u, where |y| is what the layer's own parameter adds.
  func totalGradient(_ site: Site<Scalar>) {
    guard let above = site.output.u?.elements else { return }
    for k in 0..<above.count {
      above[k] = site.scales.parameterInputs * site.input.y.elements[k].magnitude
      if let u = site.input.u { above[k] += site.parameters[0].magnitude * u.elements[k] }
    }
  }

  var statistics: StatisticsForm<Scalar> { .own(self) }

  /// Ẇ = Σ Ẏ y, Ẅ = Σ Z |y|, with the full bound + |Ẏ| u: every unit counts as a sample.
  func addStatistics(
    _ site: Site<Scalar>, rows: Range<Int>, into sums: StatisticsSlice<Scalar>, accumulating: Bool
  ) {
    if !accumulating {
      sums.wDot.fill(0)
      sums.wDDot?.fill(0)
    }
    let (y, above, u) = (site.input.y[rows].elements, site.above[rows], site.input.u?[rows].elements)
    for k in 0..<y.count {
      sums.wDot[0] += above.yDot.elements[k] * y[k]
      guard let wDDot = sums.wDDot, let z = above.z else { continue }
      wDDot[0] += z.elements[k] * y[k].magnitude
      if site.bound == .full, let u { wDDot[0] += site.scales.products * above.yDot.elements[k].magnitude * u[k] }
    }
  }

  func backward(_ site: Site<Scalar>, over ranks: borrowing some GlobalSum & ~Copyable) throws {
    let (g, above) = (site.parameters[0], site.above)
    for k in 0..<above.yDot.elements.count {
      if let z = above.z, let below = site.input.z {
        below.elements[k] = g.magnitude * z.elements[k]
        if site.bound == .full { below.elements[k] += site.scales.yDot * above.yDot.elements[k].magnitude }
      }
      site.input.yDot.elements[k] = g * above.yDot.elements[k]
    }
  }

  /// ẏ⁺ = ġ y + g ẏ.
  func tangent(_ site: Site<Scalar>, along v: Vector<Scalar>) {
    guard let above = site.output.tangent?.elements else { return }
    for k in 0..<above.count {
      above[k] = v[0] * site.input.y.elements[k]
      if let below = site.input.tangent { above[k] += site.parameters[0] * below.elements[k] }
    }
  }

  /// 2 Σ Ẏ ġ ẏ.
  func secondDerivative(_ site: Site<Scalar>, along v: Vector<Scalar>, _ model: Bound) -> Scalar {
    guard model == .full, let tangent = site.input.tangent else { return 0 }
    return 2 * v[0]
      * (0..<tangent.elements.count).reduce(0) {
        $0 + site.output.yDot.elements[$1] * tangent.elements[$1]
      }
  }
}

extension Activation {
  /// σ(z) = z/(1 + |z|).
  static let softsign = Activation(named: "softsign", range: -1...1) { z in
    let d = 1 + abs(z)
    return (z / d, 1 / (d * d), -2 * (z < 0 ? -1 : 1) / (d * d * d))
  }
}

/// f = Σ log cosh (y_i − t_i).
struct LogCosh: LossFunction {
  let name = "logCosh"
  let targets = LossTargets.numbers
  let hasDiagonalHessian = true

  func evaluate<Scalar: Real>(
    _ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ gradient: Matrix<Scalar>, _ curvature: Matrix<Scalar>
  ) -> Double {
    var loss = 0.0
    for k in 0..<outputs.elements.count {
      let d = Double(outputs.elements[k] - targets.elements[k])
      loss += abs(d) + log1p(exp(-2 * abs(d))) - log(2)
      gradient.elements[k] = Scalar(tanh(d))
      curvature.elements[k] = Scalar(1 - tanh(d) * tanh(d))
    }
    return loss
  }
}

/// `{name: signDescent, memory: 0.9, softness: 0.01}`: m ← β m + (1 − β) g, Δw = −α m̂/(|m̂| + c), where m̂ = m/(1 − βᵗ):
/// along signs that are soft near 0.
struct SignDescent: Optimizer {
  static let name = "signDescent"
  static let formulas: [String] = []
  static let settings: [OptimizerSetting<SignDescent>] = [
    .number("memory", \.memory, .fraction, "The decay of the average of gradients whose signs count."),
    .number("softness", \.softness, .positive, "The average at which half of a step is made."),
  ]
  static let standard = SignDescent()
  static let comparedRates: [Double]? = [0.001, 0.003]

  /// β.
  var memory = 0.75
  /// c.
  var softness = 0.001

  var standardLearningRate: Double? { 0.002 }

  var hasFirstAverage: Bool { true }

  func move<Scalar: Real>(_ block: BlockUpdate<Scalar>) {
    guard let m = block.first else { return }
    let (decay, correction) = (Scalar(memory), correction(block))
    for k in 0..<m.count {
      m[k] = decay * m[k] + (1 - decay) * block.gradient(k)
      let average = m[k] * correction
      block.w[k] -= Scalar(block.rate) * average / (average.magnitude + Scalar(softness))
    }
  }

  /// P = α c/(|m̂| + c)² ∂m̂/∂Ẇ.
  func derivative<Scalar: Real>(_ block: BlockUpdate<Scalar>) {
    guard let m = block.first else { return }
    let correction = correction(block)
    let share = Scalar(block.rate * softness * (1 - memory)) * correction * block.perSample
    for k in 0..<m.count {
      let denominator = (m[k] * correction).magnitude + Scalar(softness)
      block.w[k] = share / (denominator * denominator)
    }
  }

  private func correction<Scalar: Real>(_ block: BlockUpdate<Scalar>) -> Scalar {
    Scalar(1 / (1 - pow(memory, Double(block.firstUpdates))))
  }
}
