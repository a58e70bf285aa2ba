/// Residual partitioning of one sample with ε, φ and Ÿ written out (end of section 2).
///
/// The forward pass runs at initialisation, `startBackward` treats the loss, `finishBackward` the layers.
struct ExplicitPartition {
  private let network: ReferenceNetwork
  /// y and u at the input of every layer, and at the output as the last entry.
  private var y: [[Double]]
  private var u: [[Double]]
  /// Ẏ and Ÿ at the place that the backward pass has reached.
  private var yDot: [Double] = []
  private var yDDot: [Double] = []
  /// The branches of the residual layers, by the layers' numbers.
  private var branches: [Int: ExplicitPartition] = [:]

  /// (M1), (M3), (M4), (M5).
  ///
  /// - Parameter u: the total gradient of the input; 0 where nil.
  init(_ network: ReferenceNetwork, input: [Double], totalGradient: [Double]? = nil) {
    self.network = network
    y = [input]
    u = [totalGradient ?? input.map { _ in 0 }]
    for (l, layer) in network.layers.enumerated() {
      if case .residual(let layers) = layer {
        let branch = ExplicitPartition(ReferenceNetwork(layers: layers), input: y[l], totalGradient: u[l])
        y.append(layer.outputs(of: y[l]))
        u.append(u[l].indices.map { u[l][$0] + branch.outputTotalGradient[$0] })
        branches[l] = branch
        continue
      }
      y.append(layer.outputs(of: y[l]))
      u.append(layer.totalGradient(input: y[l], below: u[l]))
    }
  }

  var outputs: [Double] { y[network.layers.count] }
  var outputTotalGradient: [Double] { u[network.layers.count] }

  /// Σ_i Z_i u_i = Σ_i Ÿ_i u_i² after ``startBackward(_:target:generalPartition:)``.
  var curvature: Double {
    var sum = 0.0
    for i in yDDot.indices { sum += yDDot[i] * outputTotalGradient[i] * outputTotalGradient[i] }
    return sum
  }

  /// Ẏ_i = ∂f/∂y_i; Ÿ_i = h_i (M6), or h_i/φ_i with φ_i = u_i √h_i / Σ_k u_k √h_k (M7).
  mutating func startBackward(_ loss: ReferenceLoss, target: [Double], generalPartition: Bool) {
    yDot = loss.gradient(outputs: outputs, target: target)
    let h = loss.secondDerivatives(outputs: outputs, target: target)
    if loss.isDiagonal && !generalPartition {
      yDDot = h
      return
    }
    var sum = 0.0
    for k in h.indices { sum += outputTotalGradient[k] * h[k].squareRoot() }
    yDDot = h.indices.map { i in
      let phi = quotient(outputTotalGradient[i] * h[i].squareRoot(), sum)
      return quotient(h[i], phi)
    }
  }

  /// (M8)–(M10), and (M13) for the full bound, from the output to the input; adds to the sums over samples.
  mutating func finishBackward(_ bound: ReferenceBound, addingTo sums: inout [LayerStatistics]) {
    var next = sums.count
    passBack(bound, addingTo: &sums, before: &next)
  }

  /// The same for a network whose parameters' sums end before a place, which moves to where they begin.
  private mutating func passBack(
    _ bound: ReferenceBound, addingTo sums: inout [LayerStatistics], before next: inout Int
  ) {
    for l in network.layers.indices.reversed() {
      switch network.layers[l] {
      case .dense(let weight, let bias):
        next -= 1
        addStatistics(l, bound, hasBias: !bias.isEmpty, to: &sums[next])
        passOn(l, weight, bound)
      case .normalization(let normalization):
        next -= 1
        passNormalization(l, normalization, bound, addingTo: &sums[next])
      case .mask(let mask):
        for j in yDot.indices {
          let phi = quotient(abs(mask[j]) * u[l][j], u[l + 1][j])
          yDDot[j] = yDDot[j] * quotient(mask[j] * mask[j], phi)
          yDot[j] *= mask[j]
        }
      case .activation(let activation):
        for j in yDot.indices {
          let first = activation.firstDerivative(y[l][j])
          let second = activation.secondDerivative(y[l][j])
          yDDot[j] = abs(yDDot[j] * first * first + yDot[j] * second)
          yDot[j] *= first
        }
      case .residual:
        guard var branch = branches[l] else { preconditionFailure("A residual layer has a branch.") }
        // φ of the branch is u_F/u⁺, that of the way around it u/u⁺.
        branch.yDot = yDot
        branch.yDDot = yDDot.indices.map { j in
          yDDot[j] * quotient(1, quotient(branch.outputTotalGradient[j], u[l + 1][j]))
        }
        branch.passBack(bound, addingTo: &sums, before: &next)
        for j in yDot.indices {
          yDot[j] += branch.yDot[j]
          yDDot[j] = yDDot[j] * quotient(1, quotient(u[l][j], u[l + 1][j])) + branch.yDDot[j]
        }
      }
    }
  }

  /// Ẇ_ij += Ẏ_i y_j, Ẅ_ij += Ÿ_i y_j²/ε_ij with ε_ij = |y_j|/u_i⁺ and ε_i0 = 1/u_i⁺; (M13) Ẅ_ij += |Ẏ_i| u_j.
  private func addStatistics(_ l: Int, _ bound: ReferenceBound, hasBias: Bool, to sum: inout LayerStatistics) {
    for i in yDot.indices {
      let above = u[l + 1][i]
      for j in y[l].indices {
        let epsilon = quotient(abs(y[l][j]), above)
        sum.wDot[i][j] += yDot[i] * y[l][j]
        sum.wDDot[i][j] += yDDot[i] * quotient(y[l][j] * y[l][j], epsilon)
        if bound == .full { sum.wDDot[i][j] += abs(yDot[i]) * u[l][j] }
      }
      if hasBias {
        let epsilon = 1 / above
        sum.biasDot[i] += yDot[i]
        sum.biasDDot[i] += yDDot[i] / epsilon
      }
    }
  }

  /// Ẏ_j = Σ_i Ẏ_i w_ij, Ÿ_j = Σ_i Ÿ_i w_ij²/φ_ij with φ_ij = |w_ij| u_j/u_i⁺; (M13) Ÿ_j += Σ_i |Ẏ_i|/u_j.
  private mutating func passOn(_ l: Int, _ weight: [[Double]], _ bound: ReferenceBound) {
    var below = [Double](repeating: 0, count: y[l].count)
    var curvature = below
    for j in below.indices {
      for i in weight.indices {
        let phi = quotient(abs(weight[i][j]) * u[l][j], u[l + 1][i])
        below[j] += yDot[i] * weight[i][j]
        curvature[j] += yDDot[i] * quotient(weight[i][j] * weight[i][j], phi)
        if bound == .full { curvature[j] += quotient(abs(yDot[i]), u[l][j]) }
      }
    }
    (yDot, yDDot) = (below, curvature)
  }
}

extension ExplicitPartition {
  /// Both for a normalisation: unit by unit ε_γ = |ẑ|/u⁺, ε_β = 1/u⁺, φ = |γ c| u/u⁺;
  /// (M13) Ẅ_γ += |Ẏ| c u, Ÿ += |Ẏ| c/u.
  private mutating func passNormalization(
    _ l: Int, _ normalization: ReferenceNormalization, _ bound: ReferenceBound, addingTo sum: inout LayerStatistics
  ) {
    for j in yDot.indices {
      let z = normalization.normalized(y[l][j], unit: j)
      let c = normalization.inverse(unit: j)
      let coefficient = normalization.scale[j] * c
      let (below, above) = (u[l][j], u[l + 1][j])
      sum.wDot[0][j] += yDot[j] * z
      sum.biasDot[j] += yDot[j]
      sum.wDDot[0][j] += yDDot[j] * quotient(z * z, quotient(abs(z), above))
      sum.biasDDot[j] += yDDot[j] / (1 / above)
      let phi = quotient(abs(coefficient) * below, above)
      yDDot[j] = yDDot[j] * quotient(coefficient * coefficient, phi)
      if bound == .full {
        sum.wDDot[0][j] += abs(yDot[j]) * c * below
        yDDot[j] += quotient(abs(yDot[j]) * c, below)
      }
      yDot[j] *= coefficient
    }
  }
}

extension ReferenceNetwork.Layer {
  /// u⁺ of (M4) and (M5).
  fileprivate func totalGradient(input y: [Double], below u: [Double]) -> [Double] {
    switch self {
    case .dense(let weight, let bias):
      return weight.map { row in
        var sum = bias.isEmpty ? 0.0 : 1.0
        for j in y.indices { sum += abs(y[j]) + abs(row[j]) * u[j] }
        return sum
      }
    case .activation(let activation):
      return y.indices.map { abs(activation.firstDerivative(y[$0])) * u[$0] }
    case .normalization(let normalization):
      return y.indices.map { j in
        abs(normalization.normalized(y[j], unit: j)) + 1
          + abs(normalization.scale[j]) * normalization.inverse(unit: j) * u[j]
      }
    case .mask(let mask):
      return y.indices.map { abs(mask[$0]) * u[$0] }
    case .residual:
      preconditionFailure("A branch has a partition of its own.")
    }
  }
}

/// a/b with 0/0 = 0.
///
/// Also a/0 = 0 for a ≠ 0: a unit with u = 0 does not respond to any parameter, so whatever its Ÿ is,
/// the layers below multiply it by σ' = 0 or by inputs that are all 0.
private func quotient(_ a: Double, _ b: Double) -> Double {
  b == 0 ? 0 : a / b
}
