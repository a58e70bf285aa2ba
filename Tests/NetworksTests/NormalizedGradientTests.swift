import Kernels
import Networks
import TestSupport
import Testing

/// In training Ẏ goes through the minibatch's mean and variance: Ẇ is the gradient of the loss in the same pass.
@Suite struct NormalizedGradientTests {
  private static let training = Pass(normalization: .minibatch, updatesRunningAverages: false, dropout: nil)

  @Test(arguments: [Loss.squaredError, .softmaxCrossEntropy, .sigmoidCrossEntropy])
  func `Ẇ agrees with central differences of plain loops to 1e-7`(loss: Loss) throws {
    var checked = 0
    for seed in 0..<60 {
      let problem = try smoothProblem(loss, UInt64(seed))
      let product = try ProductStatistics(problem, .paper, as: Double.self, pass: Self.training)
      let tolerance = 1e-12 * max(1, product.meanLoss)
      #expect((product.meanLoss - problem.normalizedByItself.meanLoss).magnitude <= tolerance)
      guard product.gradient.contains(where: { $0.magnitude > 1e-3 }) else { continue }
      let approximate = centralDifferences(problem)
      #expect(normwiseDifference(approximate, product.gradient) <= 1e-7, "seed \(seed)")
      checked += 1
    }
    #expect(checked >= 30)
  }

  @Test func `constant mean and variance, and a slope that is off by 1e-5, would be seen`() throws {
    let frozen = Pass(normalization: .frozenMinibatch, updatesRunningAverages: false, dropout: nil)
    var seen = 0
    for seed in 0..<20 {
      let problem = try smoothProblem(.squaredError, UInt64(seed))
      let approximate = centralDifferences(problem)
      // Only parameters below a normalisation notice.
      guard case .dense = problem.network.layers[0] else { continue }
      let constant = try ProductStatistics(problem, .paper, as: Double.self, pass: frozen).gradient
      #expect(normwiseDifference(approximate, constant) > 1e-4, "seed \(seed)")
      var wrong = try ProductStatistics(problem, .paper, as: Double.self, pass: Self.training).gradient
      let largest = try #require(wrong.indices.max { wrong[$0].magnitude < wrong[$1].magnitude })
      wrong[largest] *= 1 + 1e-5
      #expect(normwiseDifference(approximate, wrong) > 1e-7, "seed \(seed)")
      seen += 1
    }
    #expect(seen >= 5)
  }

  @Test func `Ẅ does not depend on whether Ẏ goes through mean and variance above the last normalisation`() throws {
    // One normalisation: u and Z are the same in both passes, and no Ẏ that they see differs.
    let problem = ReferenceProblem(
      network: ReferenceNetwork(layers: [
        .dense(weight: [[1, -0.5], [0.25, 2]], bias: []),
        .normalization(ReferenceNormalization(scale: [1.5, -0.5], shift: [0, 1], mean: [0, 0], variance: [1, 1])),
        .activation(.relu), .dense(weight: [[1, 2]], bias: [0.5]),
      ]), loss: .squaredError, inputs: [[1, 2], [0.5, -1], [2, 0]], targets: [[1], [0], [2]])
    let exact = try ProductStatistics(problem, .paper, as: Double.self, pass: Self.training)
    let reference = problem.normalizedByItself.statistics(.paper)
    #expect(relativeDifference(exact.curvature, reference.curvature) <= 1e-13)
    #expect(relativeDifference(exact.gradient, reference.gradient) > 1e-2)
  }

  @Test func `without Ẅ the gradient and the loss have the same bits`() throws {
    let network = try Network<Float>(
      [
        .batchNorm, .dense(inputs: nil, outputs: 5, bias: false), .batchNorm, .activation(.tanh),
        .dropout(keep: 0.5), .dense(inputs: nil, outputs: 3),
      ], inputs: 4)
    network.reserve(samples: 6)
    let parameters = network.initialParameters(.uniform, seed: 2).all
    let stream = RandomStream(seed: 3, .benchmark)
    let (x, t) = (Matrix<Float>(rows: 6, columns: 4), Matrix<Float>(rows: 6, columns: 3))
    for k in 0..<x.elements.count { x.elements[k] = Float(stream.normal(k)) }
    for row in 0..<6 { t[row][row % 3] = 1 }
    let ids = (0..<Int32(6)).map { $0 }
    func run(withCurvature: Bool) throws -> [Float] {
      let (first, second) = (Arena<Float>(count: parameters.count).all, Arena<Float>(count: parameters.count).all)
      first.fill(.nan)
      second.fill(.nan)
      var pass = Pass.training(seed: 1, epoch: 1)
      pass.updatesRunningAverages = false
      _ = try network.forward(x, parameters: parameters, pass: pass, samples: 6, ids: ids.span, over: SingleRank())
      let loss = network.addStatistics(
        inputs: x, targets: t, parameters: parameters, loss: .softmaxCrossEntropy, partition: .automatic, bound: .full,
        into: StatisticsSlice(wDot: first, wDDot: withCurvature ? second : nil))
      for block in network.layout.blocks where !block.isTrained {
        #expect(first[block.range].array.allSatisfy { $0 == 0 })
        if withCurvature { #expect(second[block.range].array.allSatisfy { $0 == 0 }) }
      }
      #expect(!withCurvature || second.array.allSatisfy { $0 >= 0 })
      return first.array + [Float(loss)]
    }
    let both = try run(withCurvature: true)
    #expect(try run(withCurvature: false) == both)
    #expect(both.allSatisfy { $0.isFinite })
  }

  /// (J(θ + ε) − J(θ − ε))/2ε of the reference's loss (M22), whose normalisations see their minibatch again each time.
  private func centralDifferences(_ problem: ReferenceProblem) -> [Double] {
    let count = problem.network.parameters.count
    return (0..<count).map { p in
      var step = [Double](repeating: 0, count: count)
      step[p] = 1e-5
      let above = problem.moved(by: step).normalizedByItself.meanLoss
      step[p] = -1e-5
      return (above - problem.moved(by: step).normalizedByItself.meanLoss) / 2e-5
    }
  }

  /// ‖a − b‖₂/(‖a‖₂ + ‖b‖₂).
  private func normwiseDifference(_ a: [Double], _ b: [Double]) -> Double {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    guard a.count == b.count else { return .infinity }
    return norm(zip(a, b).map { $0 - $1 }) / (norm(a) + norm(b))
  }

  /// No kinks, and no unit with a standard deviation σ below 0.2: the truncation error of a difference grows as (ε/σ)².
  private func smoothProblem(_ loss: Loss, _ seed: UInt64) throws -> ReferenceProblem {
    var options = RandomProblemOptions()
    options.normalization = 0.8
    options.withoutBias = 0.3
    options.samples = 5...8
    options.depth = 2...3
    options.widths = 2...4
    options.zeroInputs = 0
    options.activations = [.tanh, .softplus, .sigmoid, .identity]
    options.losses = [try #require(ReferenceLoss(rawValue: loss.rawValue))]
    var random = SmallRandom(seed: seed)
    while true {
      let problem = random.problem(options)
      let normalizations = problem.normalizedByItself.network.normalizations
      if !normalizations.isEmpty, normalizations.allSatisfy({ ($0.variance.min() ?? 0) > 0.04 }) { return problem }
    }
  }
}
