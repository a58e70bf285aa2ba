import Kernels
import Networks
import TestSupport
import Testing

/// The slope and the curvature of each activation, as the statistics of y = σ(w x + b) with squaredError show them:
/// with u = |x| + 1 below the activation, Ẇ_b = f'(z) and Ẅ_b = u |f''(z)| for f(z) = (σ(z) − t)².
@Suite struct ActivationTests {
  @Test(arguments: Activation.allCases)
  func `Ẅ is the difference quotient of Ẇ`(activation: Activation) throws {
    let unit = try SingleUnit<Double>(activation)
    let step = 1e-4
    for z in points {
      // Targets above and below the value give σ'' either sign against σ'².
      for target in [-3.0, 0.1, 4.0] {
        let quotient =
          (try unit.statistics(at: z + step, target: target).wDot
            - unit.statistics(at: z - step, target: target).wDot) / (2 * step)
        let expected = unit.totalGradient * quotient.magnitude
        // Truncation: step² f⁗/6 with |f⁗| below 200 for these targets.
        let difference = try unit.statistics(at: z, target: target).wDDot - expected
        #expect(difference.magnitude <= unit.totalGradient * step * step * 200 / 6, "z = \(z), target \(target)")
      }
    }
  }

  @Test(arguments: Activation.allCases)
  func `Ẇ is the difference quotient of the loss`(activation: Activation) throws {
    let unit = try SingleUnit<Double>(activation)
    let step = 1e-4
    for z in points {
      for target in [-3.0, 0.1, 4.0] {
        let quotient =
          (try unit.statistics(at: z + step, target: target).loss
            - unit.statistics(at: z - step, target: target).loss) / (2 * step)
        let difference = try unit.statistics(at: z, target: target).wDot - quotient
        #expect(difference.magnitude <= step * step * 60 / 6, "z = \(z), target \(target)")
      }
    }
  }

  @Test(arguments: [Activation.sigmoid, .tanh, .softplus, .elu, .swish])
  func `the other sign of the curvature would be seen`(activation: Activation) throws {
    let reference = try #require(ReferenceActivation(rawValue: activation.rawValue))
    let unit = try SingleUnit<Double>(activation)
    let seen = try points.contains { z in
      let (value, slope) = (reference.value(z), reference.firstDerivative(z))
      let wrong = (2 * slope * slope - 2 * (value - 4) * reference.secondDerivative(z)).magnitude
      let found = try unit.statistics(at: z, target: 4).wDDot
      return (found - unit.totalGradient * wrong).magnitude > 0.01
    }
    #expect(seen)
  }

  @Test(arguments: Activation.allCases, Precision.allCases)
  func `value, slope and curvature agree with the definition, in the tails too`(
    activation: Activation, precision: Precision
  ) throws {
    func check<S: Real>(_: S.Type) throws {
      let reference = try #require(ReferenceActivation(rawValue: activation.rawValue))
      let unit = try SingleUnit<S>(activation)
      for z in points + [-1e4, -120, -40, -12, 12, 40, 120, 1e4].map({ Double($0) }) {
        let exact = Double(S(z))
        let (value, slope) = (reference.value(exact), reference.firstDerivative(exact))
        let second = 2 * slope * slope + 2 * (value - 0.5) * reference.secondDerivative(exact)
        let result = try unit.statistics(at: z, target: 0.5)
        // Functions within 4 ulp and some ten roundings, on numbers of this size.
        let size = max(1, value.magnitude) * max(1, exact.magnitude.squareRoot())
        let tolerance = 32 * Double(S.ulpOfOne)
        #expect((result.output - value).magnitude <= tolerance * max(1, value.magnitude), "z = \(z)")
        #expect((result.wDot - 2 * (value - 0.5) * slope).magnitude <= tolerance * size, "z = \(z)")
        #expect((result.wDDot - unit.totalGradient * second.magnitude).magnitude <= tolerance * size, "z = \(z)")
      }
    }
    switch precision {
    case .float32: try check(Float.self)
    case .float64: try check(Double.self)
    }
  }

  @Test(arguments: [Activation.relu, .leakyRelu, .elu])
  func `at a kink the derivatives are those from the left`(activation: Activation) throws {
    let unit = try SingleUnit<Double>(activation)
    let slope = [.relu: 0, .leakyRelu: 0.01, .elu: 1][activation] ?? .nan
    let curvature: Double = activation == .elu ? 1 : 0
    let result = try unit.statistics(at: 0, target: 1)
    #expect(result.output == 0)
    #expect(result.wDot == -2 * slope)
    let expected = unit.totalGradient * (2 * slope * slope - 2 * curvature).magnitude
    #expect((result.wDDot - expected).magnitude <= 1e-15)
  }

  /// On both sides of the kinks at 0, and not on them.
  private var points: [Double] { (-12..<12).map { 0.31 * Double($0) + 0.15 } }
}

/// y = σ(w x + b), one sample, squaredError.
private struct SingleUnit<S: Real> {
  private let network: Network<S>
  private let input = Matrix<S>(rows: 1, columns: 1)
  private let target = Matrix<S>(rows: 1, columns: 1)
  private let parameters = Arena<S>(count: 2).all

  /// u below the activation: |x| + 1.
  let totalGradient = 1.5

  init(_ activation: Activation) throws {
    network = try Network([.dense(inputs: 1, outputs: 1), .activation(activation)], inputs: 1)
    network.reserve(samples: 1)
    input.elements[0] = -0.5
  }

  /// The loss, the output, and Ẇ and Ẅ of the bias at the pre-activation z.
  func statistics(at z: Double, target t: Double) throws -> (
    loss: Double, output: Double, wDot: Double, wDDot: Double
  ) {
    // With w = 0 the pre-activation is the bias, without rounding.
    parameters.copy(from: [0, S(z)])
    target.elements[0] = S(t)
    let (first, second) = (Arena<S>(count: 2).all, Arena<S>(count: 2).all)
    let output = Double(network.forward(input, parameters: parameters).elements[0])
    let loss = network.addStatistics(
      inputs: input, targets: target, parameters: parameters, loss: .squaredError, partition: .automatic,
      bound: .paper, into: StatisticsSlice(wDot: first, wDDot: second))
    // Ẇ_w = Ẇ_b x and Ẅ_w = Ẅ_b |x|.
    try #require(first[0] == -first[1] / 2 && second[0] == second[1] / 2)
    return (loss, output, Double(first[1]), Double(second[1]))
  }
}
