/// The optimizers of (M11), (M14), (M16) and (M17) in plain loops over arrays, a formula at a time.
///
/// The averages are written out as sums over all samples that they have seen, â = Σ βᵗ⁻ⁱ xᵢ / Σ βᵗ⁻ⁱ, so that they share
/// neither recursion nor correction with the program; only rmsprop's has the factor 1 − ρ in place of the divisor.
public struct ReferenceOptimizer: ReferenceRule {
  public enum Rule: Equatable, Sendable {
    case sgd
    case momentum(Double)
    case rmsprop(Double, epsilon: Double)
    case adam(Double, Double, epsilon: Double)
    case residualPartitioning(Double, Double, damping: Double, isUnit: Bool)
  }

  public let rule: Rule
  private var gradients: [[Double]] = []
  private var curvatures: [[Double]] = []
  private var multipliers: [Double] = []

  public init(_ rule: Rule) {
    self.rule = rule
  }

  /// The parameters after one step.
  ///
  /// - Parameters:
  ///   - gradient: Ẇ + ∇R, means over samples.
  ///   - curvature: Ẅ, means over samples; nil where it was not computed.
  ///   - hessian: ∇²R for each parameter.
  ///   - blocks: the weight matrices and bias vectors.
  public mutating func step(
    _ w: [Double], gradient: [Double], curvature: [Double]?, hessian: [Double], rate: Double, blocks: [Range<Int>]
  ) -> [Double] {
    gradients.append(gradient)
    if let curvature { curvatures.append(curvature) }
    var step = w.indices.map { rate * direction($0, rate: rate, hessian: hessian[$0]) }
    if case .residualPartitioning(_, _, _, isUnit: true) = rule {
      for block in blocks {
        let meanSquare = block.reduce(0) { $0 + step[$1] * step[$1] } / Double(block.count)
        for k in block { step[k] *= rate / (meanSquare.squareRoot() + 1e-12) }
      }
    }
    multipliers = w.indices.map { k in
      let m = average(ofGradients: gradients, k)
      return m == 0 ? 0 : step[k] / m
    }
    return zip(w, step).map { $0 - $1 }
  }

  public func frozenStep(gradient: [Double]) -> [Double] {
    let changed = Array(gradients.dropLast()) + [gradient]
    return gradient.indices.map { -multipliers[$0] * average(ofGradients: changed, $0) }
  }

  /// What a step is proportional to, for fixed v̂ and scale.
  private func average(ofGradients gradients: [[Double]], _ k: Int) -> Double {
    let g = gradients.map { $0[k] }
    return switch rule {
    case .sgd, .rmsprop: g[g.count - 1]
    case .momentum(let decay), .adam(let decay, _, _), .residualPartitioning(let decay, _, _, _): Self.average(g, decay)
    }
  }

  private func direction(_ k: Int, rate: Double, hessian: Double) -> Double {
    let g = gradients.map { $0[k] }
    let last = g[g.count - 1]
    switch rule {
    case .sgd:
      return last
    case .momentum(let decay):
      return Self.average(g, decay)
    case .rmsprop(let decay, let epsilon):
      return last / (((1 - decay) * Self.weightedSum(g.map { $0 * $0 }, decay)).squareRoot() + epsilon)
    case .adam(let first, let second, let epsilon):
      return Self.average(g, first) / (Self.average(g.map { $0 * $0 }, second).squareRoot() + epsilon)
    case .residualPartitioning(let first, let second, let damping, _):
      let denominator = Self.average(curvatures.map { $0[k] }, second) + rate * hessian + damping
      return denominator == 0 ? 0 : Self.average(g, first) / denominator
    }
  }

  /// Σ βᵗ⁻ⁱ xᵢ, the newest with weight 1.
  private static func weightedSum(_ x: [Double], _ decay: Double) -> Double {
    var (sum, weight) = (0.0, 1.0)
    for value in x.reversed() {
      sum += weight * value
      weight *= decay
    }
    return sum
  }

  /// Σ βᵗ⁻ⁱ xᵢ / Σ βᵗ⁻ⁱ.
  static func average(_ x: [Double], _ decay: Double) -> Double {
    weightedSum(x, decay) / weightedSum(Array(repeating: 1, count: x.count), decay)
  }
}
