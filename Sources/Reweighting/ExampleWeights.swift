internal import Configurations
internal import Hypergradients
package import Kernels
internal import Optimizers

/// The weights a_i of the training samples, by position, and how they are learned. The same on every rank.
///
/// The step of a minibatch is along Σ b_i ∇ℓ_i. Here b_i = a_i, or b_i = a_i B/Σ a_j over its B samples if weights are
/// normalised. An update of θ_i has these stages:
///
/// 1. ∂L/∂b_i is divided by ‖∂ℓ_i/∂y‖ + 0.1 if residuals do not count.
/// 2. `∂L/∂a_i = (B/Σ a_j) (∂L/∂b_i − Σ a_j ∂L/∂b_j / Σ a_j)`, or with the mean of the label in place of the
///    minibatch's mean.
/// 3. ∂L/∂θ_i follows by the constraint, and g_i = ∂L/∂θ_i / scale + λ ∂/∂θ_i ½ (a_i − a⁰_i)².
/// 4. The optimizer updates θ_i along g_i.
package final class ExampleWeights {
  /// Added to every residual: the gradient of a well-fitted example has a mostly noisy direction, which must not be
  /// amplified.
  private static let leastResidual = 0.1
  /// The decay of the labels' means from one update to the next. A minibatch has few examples of a label, and the means
  /// change with the parameters.
  private static let centringDecay = 0.8

  let constraint: WeightConstraint
  let normalisation: WeightNormalisation
  let scale: WeightScale
  let optimizer: WeightOptimizer
  /// λ.
  let pull: Double
  /// The least weight.
  let floor: Double
  /// a, [training samples].
  package let values: Arena<Double>

  /// θ, and the averages of its gradients and of their squares if the optimizer keeps them.
  private let variables: Arena<Double>
  private let first: Arena<Double>
  private let second: Arena<Double>
  /// The label of each training sample, if derivatives are centred by labels. For each label, the weighted sum of its
  /// recent derivatives and the sum of their weights.
  private let labels: [Int32]
  private var recent: [(sum: Double, weights: Double)]
  /// The number of updates of each weight so far.
  private var updates: [Int32]
  /// a⁰, the weights before the first update, towards which the weights are pulled; [training samples].
  private let start: Arena<Double>
  /// ∂L/∂θ of the present minibatch.
  private var gradient: [Double] = []
  /// The sum of the gradients' mean squares over all updates, and the number of updates.
  private var squares = (sum: 0.0, count: 0)

  /// - Parameters:
  ///   - labels: the class of each training sample; empty if the targets are not classes.
  ///   - belief: a⁰, from 0 to 1; the floor is then 0. nil starts all weights at the same value.
  init(_ settings: ReweightConfiguration, count: Int, labels: [Int32] = [], belief: [Double]? = nil) {
    precondition(belief?.count ?? count == count, "every training sample needs a weight to start from")
    (constraint, normalisation) = (settings.constraint, settings.normalisation)
    (scale, optimizer, pull, floor) = (
      settings.scale, settings.optimizer, settings.pull, belief == nil ? settings.floor : 0
    )
    self.labels = settings.centring == .label ? labels : []
    recent = Array(repeating: (0, 0), count: Int(self.labels.max() ?? -1) + 1)
    values = Arena(count: count)
    variables = Arena(count: count)
    first = Arena(count: optimizer.rule.hasFirstAverage ? count : 0)
    second = Arena(count: optimizer.rule.hasSecondAverage ? count : 0)
    updates = Array(repeating: 0, count: count)
    start = Arena(count: count)
    for k in 0..<count {
      variables.all[k] = belief.map { constraint.variable($0[k]) } ?? constraint.initialVariable
      values.all[k] = constraint.weight(variables.all[k])
    }
    start.all.copy(from: values.all)
  }

  /// B/Σ a over a minibatch; 1 if weights are not normalised, or if all of them are 0, so that there is no step.
  private func factor(_ batch: Span<Int32>) -> Double {
    guard normalisation == .minibatch else { return 1 }
    var sum = 0.0
    for row in batch.indices { sum += values.all[Int(batch[row])] }
    return sum > 0 ? Double(batch.count) / sum : 1
  }

  /// Writes b_i for the samples of a minibatch.
  ///
  /// - Parameters:
  ///   - batch: positions in the training set, of all ranks together.
  ///   - effective: b of all training samples; only those of the minibatch are written.
  func apply<Scalar: Real>(to batch: Span<Int32>, _ effective: Vector<Scalar>) {
    let factor = factor(batch)
    for row in batch.indices { effective[Int(batch[row])] = Scalar(factor * values.all[Int(batch[row])]) }
  }

  /// Updates the weights of a minibatch.
  ///
  /// - Parameters:
  ///   - hypergradient: ∂L/∂b, [samples of the minibatch].
  ///   - residuals: ‖∂ℓ/∂y‖ of each sample, by which the derivatives are divided; empty if they are not divided.
  ///   - rate: η of this update.
  /// - Returns: whether all numbers are finite; if not, the weights do not change.
  func update(
    _ batch: Span<Int32>, _ hypergradient: Vector<Double>, residuals: Vector<Double>, rate: Double
  ) -> Bool {
    precondition(hypergradient.count == batch.count, "every sample of the minibatch needs its derivative")
    gradient.removeAll(keepingCapacity: true)
    for row in batch.indices {
      gradient.append(hypergradient[row] / (residuals.count > 0 ? residuals[row] + Self.leastResidual : 1))
    }
    guard gradient.allSatisfy(\.isFinite) else { return false }
    centre(batch)
    var meanSquare = 0.0
    for row in batch.indices {
      gradient[row] *= constraint.slope(at: values.all[Int(batch[row])])
      meanSquare += gradient[row] * gradient[row] / Double(batch.count)
    }
    guard meanSquare.isFinite else { return false }
    let divisor = divisor(meanSquare)
    // From here on `gradient` holds the variables after the step, before the constraint.
    for row in batch.indices {
      let k = Int(batch[row])
      let weight = values.all[k]
      let restoring = pull * (weight - start.all[k]) * constraint.slope(at: weight)
      gradient[row] = variables.all[k] - rate * direction(k, gradient[row] / divisor + restoring)
    }
    guard gradient.allSatisfy(\.isFinite) else { return false }
    for row in batch.indices {
      let k = Int(batch[row])
      variables.all[k] = constraint.project(gradient[row], floor: floor)
      values.all[k] = constraint.weight(variables.all[k])
    }
    return true
  }

  /// Turns ∂L/∂b of a minibatch into ∂L/∂a, or subtracts the means of the labels.
  private func centre(_ batch: Span<Int32>) {
    let factor = factor(batch)
    if labels.isEmpty {
      var mean = 0.0
      if normalisation == .minibatch {
        for row in batch.indices { mean += values.all[Int(batch[row])] * gradient[row] }
        mean *= factor / Double(batch.count)
      }
      for row in batch.indices { gradient[row] = factor * (gradient[row] - mean) }
      return
    }
    let decay = Self.centringDecay
    for label in recent.indices { recent[label] = (decay * recent[label].sum, decay * recent[label].weights) }
    for row in batch.indices {
      let label = Int(labels[Int(batch[row])])
      let weight = values.all[Int(batch[row])]
      recent[label] = (recent[label].sum + weight * gradient[row], recent[label].weights + weight)
    }
    for row in batch.indices {
      let mean = recent[Int(labels[Int(batch[row])])]
      gradient[row] = factor * (gradient[row] - mean.sum / max(mean.weights, .leastNormalMagnitude))
    }
  }

  /// The divisor of the gradients of an update, by ``scale``.
  private func divisor(_ meanSquare: Double) -> Double {
    squares.sum += meanSquare
    squares.count += 1
    let square =
      switch scale {
      case .none: 1.0
      case .minibatch: meanSquare
      case .running: squares.sum / Double(squares.count)
      }
    // If every derivative is 0 there is nothing to divide.
    return square > 0 ? square.squareRoot() : 1
  }

  /// The direction of one weight's step; also updates the averages of the weight.
  private func direction(_ k: Int, _ g: Double) -> Double {
    updates[k] += 1
    let (hasFirst, hasSecond) = (first.count > 0, second.count > 0)
    var averages = NumberAverages(
      first: hasFirst ? first.all[k] : 0, second: hasSecond ? second.all[k] : 0, updates: Int(updates[k]))
    let direction = optimizer.rule.direction(g, &averages)
    if hasFirst { first.all[k] = averages.first }
    if hasSecond { second.all[k] = averages.second }
    return direction
  }
}

extension ExampleWeights: Resumable {
  package func exchange(with state: any StateExchange) throws {
    try state.array("values", values.all)
    try state.array("variables", variables.all)
    try state.array("first", first.all)
    try state.array("second", second.all)
    var (sums, weights) = (recent.map(\.sum), recent.map(\.weights))
    try state.numbers("labelSums", &sums)
    try state.numbers("labelWeights", &weights)
    recent = zip(sums, weights).map { ($0, $1) }
    var counts = updates.map { Int($0) }
    try state.numbers("updates", &counts)
    updates = counts.map { Int32(clamping: $0) }
    try state.number("squareSum", &squares.sum)
    try state.number("squareCount", &squares.count)
  }
}
