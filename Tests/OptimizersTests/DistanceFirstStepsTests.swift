import Kernels
import Optimizers
import Testing

/// The first three steps of lengths that are found, by hand: one weight and one bias, both from 0.
///
/// Ẅ = (4, 1) and p = ½ divide by 2 and 1: the gradients (2, −1), (2, 1), (20, 1) give the directions (1, −1), (1, 1),
/// (10, 1). A block of one parameter has n̂ = 1 until the third step of the weight.
@Suite struct DistanceFirstStepsTests {
  private let steps = SeveralSteps(
    rule: ResidualPartitioning(curvaturePower: .half, layerScale: .adaptive, findsLength: true),
    parameters: [0, 0],
    sums: [([8, -4], [16, 4]), ([8, 4], [16, 4]), ([80, 4], [16, 4])], samples: 4)

  /// In units of 1e-6: what the third step's length of the weight would be by its own estimate, and by both together.
  private var thirdLengths: (own: Double, all: Double) {
    let (q, second) = (0.999.squareRoot(), 1 / 1.001.squareRoot())
    // Displacements w₀ − w before the second step (1, −1), before the third (1 + second, −1 + second).
    let products = (q * 2 + 20 * (1 + second), -q + (second - 1))
    let magnitudes = (q * q * 2 + q * 2 + 20, -q * q + q + 1)
    return (products.0 / magnitudes.0, (products.0 + products.1) / (magnitudes.0 + magnitudes.1))
  }

  private func trajectory(thirdLength: Double) -> [[Double]] {
    let (second, third) = (1 / 1.001.squareRoot(), 1 / 1.002.squareRoot())
    let mean = (0.999 * 0.999 + 0.999 + 100) / (0.999 * 0.999 + 0.999 + 1)
    let (w, bias) = (-(1 + second), 1 - second)
    return [[-1, 1], [w, bias], [w - thirdLength * third * 10 / mean.squareRoot(), bias - third]]
  }

  /// The trajectory in units of 1e-6.
  ///
  /// The sums round a few numbers; in n̂ the differences 1 − β and 1 − βᵗ are a thousandth of what they are made of.
  private func found(in precision: Precision) throws -> [[Double]] {
    try steps.trajectory(in: precision).map { $0.map { $0 / 1e-6 } }
  }

  @Test(arguments: Precision.allCases)
  func `two steps go 1e-6 and 1e-6 over √1.001, and the third the greatest distance that all allow`(
    precision: Precision
  ) throws {
    let lengths = thirdLengths
    // About 42/24 and 41/25.
    #expect(lengths.own > 1.7 && lengths.own < 1.8 && lengths.all > 1.6 && lengths.all < 1.7)
    let found = try found(in: precision)
    #expect(isClose(found, trajectory(thirdLength: lengths.all), in: precision, ulps: 1000))
    #expect(!isClose(found, trajectory(thirdLength: lengths.own), in: precision, ulps: 4000))
    #expect(!isClose(found, trajectory(thirdLength: 1), in: precision, ulps: 4000))
  }
}
