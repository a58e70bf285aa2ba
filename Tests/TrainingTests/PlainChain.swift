import Foundation

/// A network of one tanh layer below a softmax, with its parameters in the order of the arenas, in plain loops.
struct PlainNetwork {
  let (inputs, units, classes): (Int, Int, Int)

  func hidden(_ w: [Double], _ x: [Double]) -> [Double] {
    (0..<units).map { j in
      tanh((0..<inputs).reduce(w[units * inputs + j]) { $0 + w[j * inputs + $1] * x[$1] })
    }
  }

  func probabilities(_ w: [Double], _ x: [Double]) -> [Double] {
    let (h, start) = (hidden(w, x), units * (inputs + 1))
    let z = (0..<classes).map { k in
      (0..<units).reduce(w[start + classes * units + k]) { $0 + w[start + k * units + $1] * h[$1] }
    }
    let e = z.map { exp($0 - (z.max() ?? 0)) }
    return e.map { $0 / e.reduce(0, +) }
  }

  func loss(_ w: [Double], _ x: [Double], _ t: [Double]) -> Double {
    -zip(t, probabilities(w, x)).reduce(0) { $0 + $1.0 * log($1.1) }
  }

  /// ∇ℓ for a target that adds to 1.
  func gradient(_ w: [Double], _ x: [Double], _ t: [Double]) -> [Double] {
    let (h, start) = (hidden(w, x), units * (inputs + 1))
    let above = zip(probabilities(w, x), t).map { $0 - $1 }
    let below = (0..<units).map { j in
      (1 - h[j] * h[j]) * (0..<classes).reduce(0) { $0 + above[$1] * w[start + $1 * units + j] }
    }
    return below.flatMap { d in x.map { d * $0 } } + below + above.flatMap { d in h.map { d * $0 } } + above
  }
}

/// Two or three levels of gradient descent in plain loops, and what is learned of the weights from central differences of
/// all of it.
struct PlainChain {
  typealias Sample = (x: [Double], t: [Double])

  let network: PlainNetwork
  var teacher: [Double]
  var student: [Double]?
  let training, validation: [Sample]
  let unlabelled: [[Double]]
  let pairWeight: Double
  let (teacherRate, studentRate): (Double, Double)
  let isNormalised: Bool
  /// a.
  var weights: [Double]
  /// The dropout mask of the inputs of a sample in an epoch, by what it is addressed by; unlabelled samples follow the
  /// training samples.
  var mask: ((_ epoch: Int, _ id: Int) -> [Double])?
  /// The epoch of the next step.
  var epoch = 1

  private func masked(_ x: [Double], id: Int) -> [Double] {
    guard let mask else { return x }
    return zip(x, mask(epoch, id)).map { $0 * $1 }
  }

  /// The step of each network with weights a, and the validation loss after it.
  func stepped(_ a: [Double]) -> (teacher: [Double], student: [Double]?, loss: Double) {
    let factor = isNormalised ? Double(a.count) / a.reduce(0, +) : 1
    var w = teacher
    for (i, sample) in training.enumerated() {
      let weight = a[i]
      let g = network.gradient(teacher, masked(sample.x, id: i), sample.t)
      for k in w.indices { w[k] -= teacherRate / Double(a.count) * factor * weight * g[k] }
    }
    var judged = w
    if let student {
      judged = student
      let rows =
        unlabelled.enumerated().map { u, x in
          (masked(x, id: training.count + u), network.probabilities(w, x), 1.0)
        }
        + (pairWeight == 0
          ? [] : training.enumerated().map { i, sample in (masked(sample.x, id: i), sample.t, pairWeight) })
      for (x, t, weight) in rows {
        let g = network.gradient(student, x, t)
        for k in judged.indices { judged[k] -= studentRate / Double(rows.count) * weight * g[k] }
      }
    }
    let loss = validation.reduce(0) { $0 + network.loss(judged, $1.x, $1.t) } / Double(validation.count)
    return (w, student == nil ? nil : judged, loss)
  }

  /// ∂L/∂a at the present weights, by central differences.
  func weightGradient(by h: Double = 1e-4) -> [Double] {
    weights.indices.map { i in
      var (up, down) = (weights, weights)
      up[i] += h
      down[i] -= h
      return (stepped(up).loss - stepped(down).loss) / (2 * h)
    }
  }

  /// ‖∂ℓ/∂y‖ of each training sample.
  var residuals: [Double] {
    training.enumerated().map { i, sample in
      let p = network.probabilities(teacher, masked(sample.x, id: i))
      return zip(p, sample.t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
  }

  /// The networks' own steps.
  mutating func advance() {
    (teacher, student, _) = stepped(weights)
    epoch += 1
  }
}

/// How the weights follow their derivatives, written out for each constraint, scale and optimizer.
struct PlainWeightUpdate {
  let constraint, scale, optimizer: String
  let (rate, pull, floor): (Double, Double, Double)
  /// The class of each sample where derivatives are centred by classes, and the weighted sums of each class's derivatives
  /// and the sums of their weights, for each update so far.
  let labels: [Int]?
  var sums: [[(weighted: Double, weights: Double)]] = []
  var theta, first, second: [Double]
  /// The weights that are drawn to.
  let start: [Double]
  var meanSquares: [Double] = []

  init(
    constraint: String, scale: String, optimizer: String, rate: Double, pull: Double, floor: Double, labels: [Int]?,
    count: Int, start: [Double]? = nil
  ) {
    self.labels = labels
    (self.constraint, self.scale, self.optimizer) = (constraint, scale, optimizer)
    (self.rate, self.pull, self.floor) = (rate, pull, floor)
    self.start = start ?? Array(repeating: constraint == "sigmoid" ? 0.5 : 1, count: count)
    theta = self.start.map { constraint == "sigmoid" ? log($0 / (1 - $0)) : $0 }
    (first, second) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
  }

  var weights: [Double] { constraint == "sigmoid" ? theta.map { 1 / (1 + exp(-$0)) } : theta }

  /// ∂L/∂a without the mean of its class over this update and 0.8, 0.64, … of those before.
  private mutating func centred(_ gradient: [Double], _ a: [Double]) -> [Double] {
    guard let labels else { return gradient }
    sums.append(
      (0..<3).map { label in
        let own = labels.indices.filter { labels[$0] == label }
        return (own.reduce(0) { $0 + a[$1] * gradient[$1] }, own.reduce(0) { $0 + a[$1] })
      })
    let means = (0..<3).map { label in
      let ages = sums.indices.map { pow(0.8, Double(sums.count - 1 - $0)) }
      return zip(ages, sums).reduce(0) { $0 + $1.0 * $1.1[label].weighted }
        / zip(ages, sums).reduce(0) { $0 + $1.0 * $1.1[label].weights }
    }
    return zip(gradient, labels).map { $0 - means[$1] }
  }

  mutating func update(_ derivative: [Double], residuals: [Double]? = nil) {
    let a = weights
    let gradient = centred(residuals.map { zip(derivative, $0).map { $0 / ($1 + 0.1) } } ?? derivative, a)
    let slopes = a.map { constraint == "sigmoid" ? $0 * (1 - $0) : 1 }
    let g = zip(gradient, slopes).map { $0 * $1 }
    meanSquares.append(g.reduce(0) { $0 + $1 * $1 } / Double(g.count))
    let divisor =
      switch scale {
      case "minibatch": (meanSquares.last ?? 1).squareRoot()
      case "running": (meanSquares.reduce(0, +) / Double(meanSquares.count)).squareRoot()
      default: 1.0
      }
    let t = Double(meanSquares.count)
    for k in theta.indices {
      let d = g[k] / divisor + pull * (a[k] - start[k]) * slopes[k]
      var step = d
      switch optimizer {
      case "momentum":
        first[k] = 0.9 * first[k] + 0.1 * d
        step = first[k] / (1 - pow(0.9, t))
      case "rmsprop":
        second[k] = 0.9 * second[k] + 0.1 * d * d
        step = d / (second[k].squareRoot() + 1e-8)
      case "adam":
        first[k] = 0.9 * first[k] + 0.1 * d
        second[k] = 0.999 * second[k] + 0.001 * d * d
        step = (first[k] / (1 - pow(0.9, t))) / ((second[k] / (1 - pow(0.999, t))).squareRoot() + 1e-8)
      default: break
      }
      theta[k] -= rate * step
      if constraint == "nonnegative" { theta[k] = max(theta[k], floor) }
      if constraint == "unit" { theta[k] = min(max(theta[k], floor), 1) }
    }
  }
}
