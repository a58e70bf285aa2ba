import Kernels
import Networks
import TestSupport
import Testing

/// Ẇ is the gradient: it agrees with finite differences, and does not depend on whether Ẅ is wanted.
@Suite struct GradientTests {
  @Test(arguments: Activation.allCases, Loss.allCases)
  func `Ẇ agrees with central differences to 1e-7`(activation: Activation, loss: Loss) throws {
    var checked = 0
    for seed in 0..<40 {
      let problem = try randomProblem(activation, loss, UInt64(seed))
      let gradient = try ProductStatistics(problem, .paper, as: Double.self).gradient
      guard problem.isSmoothNearby, gradient.contains(where: { $0.magnitude > 1e-3 }) else { continue }
      let approximate = try centralDifferences(problem)
      #expect(normwiseDifference(approximate, gradient) <= 1e-7, "seed \(seed)")
      var wrong = gradient
      let largest = try #require(gradient.indices.max { gradient[$0].magnitude < gradient[$1].magnitude })
      wrong[largest] *= 1 + 1e-5
      #expect(normwiseDifference(approximate, wrong) > 1e-7, "seed \(seed)")
      checked += 1
    }
    #expect(checked >= 5)
  }

  @Test(arguments: Loss.allCases, Precision.allCases)
  func `without Ẅ the gradient and the loss have the same bits`(loss: Loss, precision: Precision) throws {
    func check<S: Real>(_: S.Type) throws {
      for activation in Activation.allCases {
        let problem = try randomProblem(activation, loss, 3)
        let both = try GradientRun<S>(problem, loss, withCurvature: true)
        let alone = try GradientRun<S>(problem, loss, withCurvature: false)
        #expect(alone.wDot == both.wDot && alone.loss == both.loss)
        #expect(!alone.wDot.contains { $0.isNaN })
      }
    }
    switch precision {
    case .float32: try check(Float.self)
    case .float64: try check(Double.self)
    }
  }

  /// (J(θ + ε) − J(θ − ε))/2ε of the product's own loss (M22), ε = 1e-5.
  private func centralDifferences(_ problem: ReferenceProblem) throws -> [Double] {
    let network = try problem.productNetwork(as: Double.self)
    let loss = try #require(Loss(rawValue: problem.loss.rawValue))
    let samples = problem.inputs.count
    network.reserve(samples: samples)
    let inputs = Matrix<Double>(rowsOf: problem.inputs, columns: network.inputs)
    let targets = Matrix<Double>(rowsOf: problem.targets, columns: network.outputs)
    let parameters = Arena<Double>(count: network.layout.count).all
    parameters.copy(from: problem.network.parameters)
    func value() -> Double {
      _ = network.forward(inputs, parameters: parameters)
      return network.loss(loss, targets: targets) / Double(samples)
    }
    return (0..<parameters.count).map { p in
      let kept = parameters[p]
      parameters[p] = kept + 1e-5
      let above = value()
      parameters[p] = kept - 1e-5
      let below = value()
      parameters[p] = kept
      return (above - below) / 2e-5
    }
  }

  /// ‖a − b‖₂/(‖a‖₂ + ‖b‖₂).
  private func normwiseDifference(_ a: [Double], _ b: [Double]) -> Double {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return norm(zip(a, b).map { $0 - $1 }) / (norm(a) + norm(b))
  }

  private func randomProblem(_ activation: Activation, _ loss: Loss, _ seed: UInt64) throws -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.activations = [try #require(ReferenceActivation(rawValue: activation.rawValue))]
    options.losses = [try #require(ReferenceLoss(rawValue: loss.rawValue))]
    options.widths = 2...4
    var random = SmallRandom(seed: seed)
    return random.problem(options)
  }
}

extension ReferenceProblem {
  /// Whether no kink of an activation or a margin is within reach of the small steps of a finite difference.
  fileprivate var isSmoothNearby: Bool {
    zip(inputs, targets).allSatisfy { input, target in
      var y = input
      for layer in network.layers {
        if case .activation(let activation) = layer, [.relu, .leakyRelu, .elu].contains(activation),
          y.contains(where: { $0.magnitude < 1e-2 })
        {
          return false
        }
        y = ReferenceNetwork(layers: [layer]).outputs(of: y)
      }
      guard loss == .hinge || loss == .squaredHinge, let own = target.firstIndex(of: 1) else { return true }
      return y.indices.allSatisfy { $0 == own || (y[$0] - y[own] + ReferenceLoss.margin).magnitude > 1e-2 }
    }
  }
}

/// Ẇ and the loss, with Ẅ or without it.
private struct GradientRun<S: Real> {
  let wDot: [S]
  let loss: Double

  init(_ problem: ReferenceProblem, _ loss: Loss, withCurvature: Bool) throws {
    let network = try problem.productNetwork(as: S.self)
    network.reserve(samples: problem.inputs.count)
    let inputs = Matrix<S>(rowsOf: problem.inputs, columns: network.inputs)
    let targets = Matrix<S>(rowsOf: problem.targets, columns: network.outputs)
    let parameters = Arena<S>(count: network.layout.count).all
    parameters.copy(from: problem.network.parameters.map { S($0) })
    let (first, second) = (Arena<S>(count: parameters.count).all, Arena<S>(count: parameters.count).all)
    first.fill(.nan)
    _ = network.forward(inputs, parameters: parameters)
    self.loss = network.addStatistics(
      inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition: .automatic, bound: .full,
      into: StatisticsSlice(wDot: first, wDDot: withCurvature ? second : nil))
    wDot = first.array
  }
}
