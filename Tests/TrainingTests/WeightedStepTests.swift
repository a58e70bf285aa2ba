import Configurations
import Kernels
import Networks
import Optimizers
import TestSupport
import Testing
import Training

/// Steps whose samples have weights: J = (1/S) Σ a_i f_i + R.
@Suite struct WeightedStepTests {
  /// Optimizers with all that a step has: averages, Ẅ, scales, lengths that are found, a trust ratio.
  static let optimizers: [[String]] = [
    ["optimizer.name=sgd", "optimizer.learningRate=0.5"],
    ["optimizer.name=adam", "optimizer.epsilon=0.01"],
    ["optimizer.learningRate=3", "optimizer.damping=0.01"],
    ["optimizer.learningRate=3", "optimizer.trustRatio={every: 2}"],
    [],
  ]

  @Test(arguments: optimizers)
  func `weights of 0 and 1 are the samples with weight 1, divided by the number of all`(optimizer: [String]) throws {
    // Dropout masks are those of the sample, in whatever row it is.
    let problem = try WeightedProblem(
      optimizer + ["regularization.l2=0.001"], layers: "{dense: 6}, tanh, {dropout: {keep: 0.7}}, {dense: 10}")
    let weights = problem.weights { $0.chance(0.6) ? 1 : 0 }
    let (weighted, part) = (try problem.step(weights: weights), try problem.step())
    let (all, means) = (try problem.step(), try problem.step())
    for turn in 0..<4 {
      let positions = WeightedProblem.positions(turn)
      let chosen = positions.filter { weights[Int($0)] == 1 }
      try #require(chosen.count < 20 && chosen.count > 5)
      let loss = try weighted.take(positions)
      let expected = try part.take(chosen, samples: 20)
      #expect((loss / expected - 1).magnitude <= 1e-12)
      try all.take(positions)
      try means.take(chosen)
    }
    // Statistics agree to 1e-12 of a tensor's largest element; the step divides by at least 0.01, or by what a distance
    // of 1e-6 leaves of sixteen digits.
    let parameters = part.parameters.all.array
    #expect(relativeDifference(weighted.parameters.all.array, parameters) <= 1e-9)
    #expect(weighted.learningRate == part.learningRate || problem.configuration.optimizer.learningRate == nil)
    // Of other samples, or divided by another number, they would be others.
    let start = try problem.step().parameters.all.array
    for wrong in [all, means] {
      let steps = [wrong.parameters.all.array, parameters].map { zip($0, start).map { $0 - $1 } }
      #expect(relativeDifference(steps[0], steps[1]) > (optimizer.isEmpty ? 1e-4 : 1e-3))
    }
  }

  @Test func `the gradient of the weighted loss is that of finite differences`() throws {
    let problem = try WeightedProblem(
      ["optimizer.name=sgd", "optimizer.learningRate=1", "regularization.l2=0"])
    let weights = problem.weights { $0.uniform(-1...2) }
    let positions = WeightedProblem.positions()
    let step = try problem.step(weights: weights)
    let start = step.parameters.all.array
    func loss() throws -> Double {
      try step.computeStatistics(positions.span, samples: positions.count, epoch: 1, over: SingleRank())
    }
    let approximate = try start.indices.map { k in
      let sides = try [1e-5, -1e-5].map { epsilon in
        step.parameters.all[k] = start[k] + epsilon
        return try loss()
      }
      step.parameters.all[k] = start[k]
      return (sides[0] - sides[1]) / 2e-5
    }
    try step.take(positions)
    let gradient = zip(start, step.parameters.all.array).map { $0 - $1 }
    #expect(relativeDifference(gradient, approximate) <= 1e-7)
    let alone = try problem.sampleStatistics(positions, at: start).wDot
    let a = positions.map { weights[Int($0)] }
    for wrong in [a.map { $0.magnitude }, a.map { $0 * $0 }, a.map { _ in 1 }] {
      #expect(relativeDifference(weightedSum(wrong, alone).map { $0 / 20 }, approximate) > 0.1)
    }
  }

  @Test(arguments: Bound.allCases, [Loss.softmaxCrossEntropy, .sigmoidCrossEntropy])
  func `a sample counts a_i times in Ẇ and |a_i| times in Ẅ`(bound: Bound, loss: Loss) throws {
    /// The largest difference of the step from that of Σ a_i Ẇ_i and Σ b_i Ẅ_i, relative to the largest step.
    func error(
      _ activation: String, weights range: ClosedRange<Double>, curvature: (Double) -> Double
    ) throws -> Double {
      let problem = try WeightedProblem(
        [
          "optimizer.learningRate=2", "optimizer.damping=0.01", "optimizer.bound=\(bound.rawValue)",
          "loss=\(loss.rawValue)", "regularization.l2=0.001",
        ], layers: "{dense: 6}, \(activation), {dense: 10}")
      let weights = problem.weights { $0.uniform(range) }
      let positions = WeightedProblem.positions()
      let a = positions.map { weights[Int($0)] }
      let step = try problem.step(weights: weights)
      let w = step.parameters.all.array
      try step.take(positions)
      let alone = try problem.sampleStatistics(positions, at: w)
      let (wDot, wDDot) = (weightedSum(a, alone.wDot), weightedSum(a.map(curvature), alone.wDDot))
      let expected = w.indices.map { k in
        -2 * (wDot[k] / 20 + 0.001 * w[k]) / (wDDot[k] / 20 + 2 * 0.001 + 0.01)
      }
      return relativeDifference(zip(step.parameters.all.array, w).map { $0 - $1 }, expected)
    }
    // Sums agree to 1e-14 of their terms, and a step is at least a ten-thousandth of a parameter.
    #expect(try error("tanh", weights: 0...2) { $0 } <= 1e-10)
    #expect(try error("relu", weights: -1...2) { $0.magnitude } <= 1e-10)
    #expect(try error("tanh", weights: 0...2) { $0 * $0 } > 0.01)
    #expect(try error("relu", weights: -1...2) { $0 } > 0.01)
    // With a curved activation the two terms of (M8) have the same sign for a_i and the other one for −a_i.
    #expect(try error("tanh", weights: -1...2) { $0.magnitude } > 1e-4)
  }

  @Test(arguments: [0.25, -1])
  func `the trust ratio judges the weighted loss`(weight: Double) throws {
    // A very short step goes down by what the gradient promises, of a negative loss too; without weights it would seem
    // to go up, from a quarter of the loss to the loss.
    let problem = try WeightedProblem(["optimizer.trustRatio={every: 2}", "optimizer.learningRate=1e-6"])
    let step = try problem.step(weights: problem.weights { _ in weight })
    try step.take(WeightedProblem.positions())
    try step.take(WeightedProblem.positions(1))
    #expect(step.learningRate == 1e-6 * 1.1)
  }

  @Test func `weights belong to positions, whichever rank has them`() throws {
    let together = try Self.threeSteps {
      $0
    } over: {
      SingleRank()
    }
    let apart = try ThreadRanks.run { ranks in
      try Self.threeSteps {
        ranks.rank == 0 ? $0.prefix(13) : $0.suffix(7)
      } over: {
        ranks
      }
    }
    #expect(apart[0] == apart[1])
    #expect(relativeDifference(apart[0], together) <= 1e-9)
    // The last seven with the weights of the first seven are another step.
    let wrong = try Self.threeSteps {
      Array($0.prefix(13)) + $0.prefix(7)
    } over: {
      SingleRank()
    }
    #expect(relativeDifference(wrong, together) > 1e-4)
  }

  /// The parameters after three steps on this rank's part of minibatches of twenty.
  private static func threeSteps(
    _ part: ([Int32]) -> some Sequence<Int32>, over ranks: () -> some GlobalSum
  ) throws -> [Double] {
    let problem = try WeightedProblem(["optimizer.learningRate=2", "optimizer.damping=0.01"])
    let step = try problem.step(weights: problem.weights { $0.uniform(0...2) })
    for turn in 0..<3 {
      let positions = Array(part(WeightedProblem.positions(turn)))
      _ = try step.computeStatistics(positions.span, samples: 20, epoch: 1, over: ranks())
      try step.update(factor: 1, over: ranks())
    }
    return step.parameters.all.array
  }
}
