import Kernels
import Networks
import Optimizers
import TestSupport
import Testing

/// (M15) p = −(Ẇ + ∇R)·Δw.
@Suite struct PredictedDecreaseTests {
  private func prediction(
    _ before: [Double], _ after: [Double], _ wDot: [Double], samples: Int = 1,
    _ regularization: Regularization = Regularization(), in precision: Precision
  ) throws -> Double {
    func value<S: Real>(_: S.Type) throws -> Double {
      predictedDecrease(
        from: vector(before, as: S.self), to: vector(after, as: S.self),
        sums: StatisticsSlice(wDot: vector(wDot, as: S.self), wDDot: nil), samples: samples,
        regularization: regularization, layout: try oneOutput(before.count, as: S.self))
    }
    return switch precision {
    case .float32: try value(Float.self)
    case .float64: try value(Double.self)
    }
  }

  @Test(arguments: Precision.allCases)
  func `the prediction is that of hand-made numbers`(precision: Precision) throws {
    // Weights 2 and −4, bias 1; Ẇ = (1, −2, ½), Δw = (−1, 3, 2).
    let (before, after, wDot) = ([2.0, -4, 1], [1.0, -1, 3], [4.0, -8, 2])
    #expect(try prediction(before, after, wDot, samples: 4, in: precision) == 1 + 6 - 1)
    #expect(
      try prediction(before, after, wDot, samples: 4, Regularization(l2: 0.5), in: precision) == 2 + 12 - 2)
    #expect(
      try prediction(before, after, wDot, samples: 4, Regularization(l1: 0.5), in: precision) == 1.5 + 7.5 - 2)
    let weightsOnly = Regularization(l2: 0.5, l1: 0.5, includingBiases: false)
    #expect(try prediction(before, after, wDot, samples: 4, weightsOnly, in: precision) == 2.5 + 13.5 - 1)
    #expect(try prediction(before, before, wDot, samples: 4, weightsOnly, in: precision) == 0)
  }

  @Test func `products of Float are summed in Double`() throws {
    // In Float, 1 added to 2²⁴ is lost.
    let ones = Array(repeating: 1.0, count: 1000)
    let found = try prediction(
      [4096] + ones, Array(repeating: 0, count: 1001), [4096] + ones, in: .float32)
    #expect(found == 16_777_216 + 1000)
  }

  @Test func `along a short step J + R goes down by p`() throws {
    // Linear regression is J(w) = mean (w·x − t)²; the decrease over a step of h is p up to h².
    var random = SmallRandom(seed: 61)
    let network = try Network<Double>([.dense(inputs: 3, outputs: 1)], inputs: 3)
    network.reserve(samples: 8)
    let (x, t) = (Matrix<Double>(rows: 8, columns: 3), Matrix<Double>(rows: 8, columns: 1))
    x.elements.copy(from: random.step(count: 24, scale: 1))
    t.elements.copy(from: random.step(count: 8, scale: 1))
    let regularization = Regularization(l2: 0.7, l1: 0.3)
    let sums = StatisticsSlice(wDot: Arena<Double>(count: 4).all, wDDot: nil)
    func objective(_ w: Vector<Double>) -> Double {
      _ = network.forward(x, parameters: w)
      let loss = network.addStatistics(
        inputs: x, targets: t, parameters: w, loss: .squaredError, partition: .automatic, bound: .paper, into: sums)
      return loss / 8 + regularization.value(w, network.layout)
    }
    let w = vector([0.5, -1, 2, 0.25], as: Double.self)
    let direction = [1.0, 0.5, 0.75, 2]
    let moved = vector(zip(w.array, direction).map { $0 + 1e-6 * $1 }, as: Double.self)
    let after = objective(moved)
    let before = objective(w)
    let predicted = predictedDecrease(
      from: w, to: moved, sums: sums, samples: 8, regularization: regularization, layout: network.layout)
    #expect(predicted.magnitude > 1e-7)
    // Second order: h² times curvatures of some 10.
    #expect((before - after - predicted).magnitude < 1e-10)
    let withoutR = predictedDecrease(
      from: w, to: moved, sums: sums, samples: 8, regularization: Regularization(), layout: network.layout)
    #expect((before - after - withoutR).magnitude > 1e-10)
  }
}
