import Kernels
import Reweighting
import TestSupport
import Testing

/// The temperature that fits outputs to true labels, against its condition in plain loops.
struct CalibratedOutputsTests {
  /// Outputs of an unsure network: the samples' labels follow probabilities of outputs β times as large.
  private static func problem(
    samples: Int, classes: Int, beta: Double, scale: Double = 1, seed: UInt64 = 1
  ) -> (outputs: [[Double]], labels: [Int]) {
    var random = SmallRandom(seed: seed)
    var (outputs, labels): ([[Double]], [Int]) = ([], [])
    for _ in 0..<samples {
      let y = (0..<classes).map { _ in random.uniform(-2...2) }
      var (drawn, label) = (random.uniform(), 0)
      for (c, p) in softmax(y, beta).enumerated() {
        label = c
        drawn -= p
        if drawn < 0 { break }
      }
      outputs.append(y.map { scale * $0 })
      labels.append(label)
    }
    return (outputs, labels)
  }

  private static func softmax(_ y: [Double], _ beta: Double) -> [Double] {
    let greatest = y.reduce(-.infinity, max)
    let e = y.map { Double.exp(beta * ($0 - greatest)) }
    return e.map { $0 / e.reduce(0, +) }
  }

  /// The derivative of the loss by β, `unknown` times over the outputs of a label that may be any.
  private static func slope(_ outputs: [[Double]], _ labels: [Int], _ beta: Double, unknown: Double) -> Double {
    var sum = 0.0
    for (y, label) in zip(outputs, labels) {
      let p = softmax(y, beta)
      for c in y.indices {
        sum += (p[c] - (c == label ? 1 : 0)) * y[c]
        sum += unknown / Double(labels.count) * (p[c] - 1 / Double(y.count)) * y[c]
      }
    }
    return sum
  }

  /// Its root, by halving alone.
  private static func root(_ outputs: [[Double]], _ labels: [Int], unknown: Double = 1) -> Double {
    var (low, high) = (0.0, 0x1p40)
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      if slope(outputs, labels, middle, unknown: unknown) < 0 { low = middle } else { high = middle }
    }
    return low
  }

  private static func found(_ outputs: [[Double]], _ labels: [Int]) -> Double {
    CalibratedOutputs(outputs: Array(outputs.joined()), labels: labels).inverseTemperature
  }

  /// The slope is a sum of n terms near 1, off by some n 2⁻⁵³ at most; over the curvature of some n/10 the root is off by
  /// 1e-14, and by as many times more as it is flatter there.
  private static let tolerance = 1e-10

  @Test(arguments: [(400, 10, 2.5), (400, 2, 0.3), (1, 3, 1.0), (7, 4, 1.0), (1000, 5, 20.0)])
  func `it is the root of the derivative in plain loops`(samples: Int, classes: Int, beta: Double) {
    let (outputs, labels) = Self.problem(samples: samples, classes: classes, beta: beta)
    let expected = Self.root(outputs, labels)
    #expect(abs(Self.found(outputs, labels) - expected) <= Self.tolerance * expected)
  }

  @Test func `it finds the temperature that labels were drawn with, and others are told apart`() {
    let (outputs, labels) = Self.problem(samples: 4000, classes: 6, beta: 2.5)
    let found = Self.found(outputs, labels)
    // The deviation is 1/√(n V) with V ≈ 0.2 the mean variance of an output: 0.035.
    #expect(abs(found - 2.5) < 0.14)
    #expect(abs(found - 1 / 2.5) > 1)
    // Without the sample whose label may be any, the root is another one.
    let without = Self.root(outputs, labels, unknown: 0)
    #expect(without > found * (1 + 1e3 * Self.tolerance))
  }

  @Test(arguments: [1e-30, 1e-3, 1e6, 1e30]) func `it goes with the inverse of the outputs' scale`(scale: Double) {
    let (outputs, labels) = Self.problem(samples: 200, classes: 4, beta: 1.5)
    let (scaled, _) = Self.problem(samples: 200, classes: 4, beta: 1.5, scale: scale)
    #expect(abs(Self.found(scaled, labels) * scale / Self.found(outputs, labels) - 1) <= 1e-9)
  }

  @Test func `outputs that are always right are not believed without end`() {
    let outputs = [[2.0, -1, 0], [0, 3, 1], [-2, 0, 1]]
    let found = Self.found(outputs, [0, 1, 2])
    #expect(found.isFinite && found > 0)
    #expect(abs(found - Self.root(outputs, [0, 1, 2])) <= Self.tolerance * found)
    // A hundred times as many right samples may be believed more, though not without end.
    let many = Array(repeating: outputs, count: 100).flatMap(\.self)
    let more = Self.found(many, Array(repeating: [0, 1, 2], count: 100).flatMap(\.self))
    #expect(more.isFinite && more > 2 * found)
  }

  @Test func `outputs that tell nothing give equal probabilities`() {
    // Constant, and always wrong.
    for outputs in [[[1.0, 1, 1], [-4, -4, -4]], [[-1.0, 2, 0], [2, 0, 1]]] {
      let calibrated = CalibratedOutputs(outputs: Array(outputs.joined()), labels: [0, 1])
      #expect(calibrated.inverseTemperature == 0)
      var p = [0.0, 0, 0]
      calibrated.probabilities(outputs[1], into: &p)
      #expect(p.allSatisfy { abs($0 - 1.0 / 3) <= 0x1p-53 })
    }
  }

  @Test func `a single class is certain`() {
    #expect(CalibratedOutputs(outputs: [3, -2], labels: [0, 0]).inverseTemperature == 0)
  }

  @Test func `probabilities are those of softmax, however large the outputs`() {
    var p = [0.0, 0, 0]
    CalibratedOutputs(inverseTemperature: 2).probabilities([1e300, 1e300, -1e300], into: &p)
    #expect(p == [0.5, 0.5, 0])
    let y = [0.3, -1, 2]
    CalibratedOutputs(inverseTemperature: 0.7).probabilities(y, into: &p)
    #expect(relativeDifference(p, Self.softmax(y, 0.7)) <= 1e-15)
    #expect(relativeDifference(p, Self.softmax(y, 1 / 0.7)) > 0.1)
  }
}
