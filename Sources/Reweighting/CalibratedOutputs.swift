private import Glibc

/// Calibration of a network's outputs, which turns them into reliable class probabilities.
///
/// A network that was trained on wrong labels is underconfident; a network that memorised its labels is overconfident.
/// β is the inverse of the temperature. `p(c|x) = e^(β y_c) / Σ_k e^(β y_k)` has the same most probable class for every
/// β > 0.
public struct CalibratedOutputs: Sendable {
  /// β ≥ 0.
  public let inverseTemperature: Double

  public init(inverseTemperature: Double) { self.inverseTemperature = inverseTemperature }

  /// β that minimises `L(β) = Σ_i [log Σ_c e^(β y_ic) − β y_i,label(i)] + Σ_i [log Σ_c e^(β y_ic) − β ȳ_i] / n`, where
  /// ȳ_i is the mean of a sample's outputs.
  ///
  /// L is convex. Its second part counts as one more sample, whose label may be any class. With the n samples alone β
  /// would be infinite if the outputs classify all of them correctly, which a small number of samples does not justify.
  /// β is 0 if the outputs are no better than chance, for example constant.
  ///
  /// Uses Newton's method for L' inside a bracket of its root, and bisection where a Newton step leaves the bracket.
  ///
  /// - Parameters:
  ///   - outputs: [samples × classes], row by row.
  ///   - labels: the true class of each sample.
  /// - Precondition: at least one sample and one class; all outputs are finite, all labels are classes.
  /// - Complexity: O(samples · classes) for each of about ten evaluations.
  public init(outputs: [Double], labels: [Int]) {
    let count = labels.count
    precondition(count > 0 && outputs.count >= count, "a temperature needs samples and outputs of them")
    precondition(outputs.count.isMultiple(of: count), "every sample must have one output for each class")
    let classes = outputs.count / count
    var probabilities = [Double](repeating: 0, count: classes)

    /// L'(β)/n and L''(β)/n, from means and variances under p(c|x).
    func derivatives(_ beta: Double) -> (first: Double, second: Double) {
      let calibrated = CalibratedOutputs(inverseTemperature: beta)
      let unknown = 1 / Double(count)
      var (first, second) = (0.0, 0.0)
      for sample in 0..<count {
        let row = outputs[sample * classes..<(sample + 1) * classes]
        calibrated.probabilities(row, into: &probabilities)
        var (mean, plain) = (0.0, 0.0)
        for (p, y) in zip(probabilities, row) { (mean, plain) = (mean + p * y, plain + y / Double(classes)) }
        var variance = 0.0
        for (p, y) in zip(probabilities, row) { variance += p * (y - mean) * (y - mean) }
        first += mean - row[row.startIndex + labels[sample]] + unknown * (mean - plain)
        second += (1 + unknown) * variance
      }
      return (first / Double(count), second / Double(count))
    }

    guard derivatives(0).first < 0 else {
      inverseTemperature = 0
      return
    }
    // The root lies between two powers of 2, whatever the scale of the outputs.
    var high = 1.0
    while high < 0x1p500, derivatives(high).first < 0 { high *= 2 }
    while high > 0x1p-500, derivatives(high / 2).first >= 0 { high /= 2 }
    var (low, beta) = (high / 2, 0.75 * high)
    // Bisection alone would need one iteration for each bit.
    for _ in 0..<60 where high - low > 1e-12 * high {
      let (first, second) = derivatives(beta)
      if first < 0 { low = beta } else { high = beta }
      let next = beta - first / second
      let isInside = next > low && next < high
      let last = beta
      beta = isInside ? next : low + (high - low) / 2
      if isInside && abs(beta - last) <= 1e-13 * beta { break }
    }
    inverseTemperature = beta
  }

  /// Writes p(c|x) of one sample.
  ///
  /// - Precondition: as many probabilities as outputs.
  public func probabilities(_ outputs: some RandomAccessCollection<Double>, into p: inout [Double]) {
    precondition(p.count == outputs.count, "every output has its probability")
    var greatest = -Double.infinity
    for y in outputs { greatest = max(greatest, inverseTemperature * y) }
    var sum = 0.0
    for (c, y) in outputs.enumerated() {
      p[c] = exp(inverseTemperature * y - greatest)
      sum += p[c]
    }
    for c in p.indices { p[c] /= sum }
  }
}
