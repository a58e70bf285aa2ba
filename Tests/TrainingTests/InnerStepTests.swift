import Kernels
import Networks
import Optimizers
import TestSupport
import Testing
import Training

/// The derivative of a step by the weights of its samples, with Ẅ, scale and length held constant and without.
@Suite struct InnerStepTests {
  /// The paper's step (M11).
  private static let plain = ["optimizer.learningRate=1"]
  /// Smoothed, with the power ½, adaptive scales and lengths that are found.
  private static let standard = ["optimizer.partition=weight"]

  private static let partitionings: [[String]] = [
    plain, standard,
    ["optimizer.learningRate=0.01", "optimizer.curvaturePower=0.5", "optimizer.layerScale=adaptive"],
    ["optimizer.learningRate=0.01", "optimizer.momentum=0.9", "optimizer.curvatureDecay=0.99"],
    ["optimizer.learningRate=0.01", "optimizer.layerScale=unit"],
  ]

  private func joined(_ rows: [[Double]]) -> [Double] { Array(rows.joined()) }

  @Test(arguments: partitionings)
  func `−P ∇f_i is the difference of the step with Ẅ, scale and length frozen`(settings: [String]) throws {
    let inner = try InnerStep(settings)
    let predicted = try inner.derivatives()
    let frozen = try inner.frozen()
    // The plain loops make the step that the program makes.
    #expect(frozen.error <= 1e-10)
    #expect(comparison(joined(predicted.atStart), joined(frozen.derivative)).distance <= 1e-10)
    // With gradients from the end of the step it is not.
    #expect(comparison(joined(predicted.atEnd), joined(frozen.derivative)).distance > 1e-6)
  }

  /// Measured: 0.38 and 0.934.
  @Test func `the plain step with its Ẅ is another function of the weights, by a part that examples have in common`()
    throws
  {
    let inner = try InnerStep(Self.plain)
    let (frozen, whole) = (try inner.derivatives().atStart, try inner.unfrozen())
    let difference = comparison(joined(frozen), joined(whole))
    #expect((0.3...0.45).contains(difference.distance) && (0.92...0.95).contains(difference.cosine))

    // Measured for the hypergradient: 0.77 and 0.82, but less its mean over the examples 0.08 and 0.997.
    let (h, wholeH) = (try inner.hypergradient(frozen), try inner.hypergradient(whole))
    func centred(_ x: [Double]) -> [Double] { x.map { $0 - x.reduce(0, +) / Double(x.count) } }
    #expect(comparison(h, wholeH).distance > 0.5)
    let common = comparison(centred(h), centred(wholeH))
    #expect(common.distance < 0.15 && common.cosine > 0.99)
  }

  @Test func `twice the weights are the same plain step, which the frozen derivative does not see`() throws {
    // Without R and δ, Δw = −λ Σ a_i Ẇ_i/Σ a_i Ẅ_i, so that Σ a_i ∂(Δw)/∂a_i = 0; with Ẅ frozen it is Δw.
    let inner = try InnerStep(Self.plain, l2: 0)
    let a = inner.positions.map { inner.weights[Int($0)] }
    let step = try inner.run()
    let moved = zip(step.parameters.all.array, step.parametersBefore.array).map { $0 - $1 }
    let frozen = weightedSum(a, try inner.derivatives().atStart)
    #expect(comparison(frozen, moved).distance <= 1e-10)
    // Differences of a curved function have an error of the order of ε², here 1e-6.
    let whole = weightedSum(a, try inner.unfrozen())
    #expect(whole.map { $0.magnitude }.max() ?? 1 <= 1e-4 * (moved.map { $0.magnitude }.max() ?? 0))
  }

  /// Measured: 0.69 and 0.72 after 40 steps, 0.014 and 0.99991 after 150.
  @Test
  func `lengths that still grow are most of what the frozen derivative leaves out, and later there is little left`()
    throws
  {
    var inner = try InnerStep(Self.standard)
    let growing = comparison(joined(try inner.derivatives().atStart), joined(try inner.unfrozen()))
    #expect((0.5...0.9).contains(growing.distance) && (0.5...0.9).contains(growing.cosine))
    inner.steps = 150
    let later = comparison(joined(try inner.derivatives().atStart), joined(try inner.unfrozen()))
    #expect((0.002...0.05).contains(later.distance) && (0.999...0.99999).contains(later.cosine))
  }

  @Test func `of gradient descent nothing is left out`() throws {
    for settings in [["sgd", "0.1"], ["momentum", "0.5"]] {
      let inner = try InnerStep(["optimizer.name=\(settings[0])", "optimizer.learningRate=\(settings[1])"])
      let found = comparison(joined(try inner.derivatives().atStart), joined(try inner.unfrozen()))
      // Parameters of 1 round by 1e-16, differences of them over 2e-3 by 1e-13, beside derivatives of 1e-3.
      #expect(found.distance <= 1e-9)
    }
  }

  @Test func `by unit nothing is left out between two refreshes, without a scale`() throws {
    for momentum in [0, 0.9] {
      let unit =
        "optimizer={partition: unit, layerScale: none, learningRate: 0.5, curvatureEvery: 7, momentum: \(momentum)}"
      let inner = try InnerStep([unit])
      try #require(inner.steps > 11 && (inner.steps - 1) % 7 != 0)
      let found = comparison(joined(try inner.derivatives().atStart), joined(try inner.unfrozen()))
      #expect(found.distance <= 1e-9)
    }
  }

  @Test func `by unit a scale leaves out the part of the derivative along the step`() throws {
    let inner = try InnerStep(["optimizer={partition: unit, learningRate: 0.01, curvatureEvery: 7, momentum: 0}"])
    let step = try inner.run()
    let moved = zip(step.parameters.all.array, step.parametersBefore.array).map { $0 - $1 }
    // Of a step of given length, ∂(D/rms(D)) has no part along D.
    let rows = try inner.derivatives().atStart.map { row in
      var row = row
      for layer in step.network.unitLayers {
        let (own, square) = layer.parameters.reduce((0.0, 0.0)) {
          ($0.0 + row[$1] * moved[$1], $0.1 + moved[$1] * moved[$1])
        }
        for k in layer.parameters { row[k] -= own / square * moved[k] }
      }
      return row
    }
    // Differences have an error of the order of ε², here 1e-6.
    #expect(comparison(joined(rows), joined(try inner.unfrozen())).distance <= 1e-4)
    #expect(comparison(joined(try inner.derivatives().atStart), joined(rows)).distance > 0.1)
  }

  @Test func `a step that was undone has no derivative, and the parameters before it are those after it`() throws {
    let problem = try WeightedProblem([
      "optimizer.trustRatio={every: 2}", "optimizer.learningRate=1e6", "optimizer.momentum=0",
    ])
    let step = try problem.step(keepsParametersBefore: true)
    let p = Arena<Double>(count: step.parameters.count).all
    for (turn, isUndone) in [true, false].enumerated() {
      let w = step.parameters.all.array
      try step.take(WeightedProblem.positions(turn))
      step.stepDerivative(into: p)
      #expect(step.parametersBefore.array == w)
      #expect((step.parameters.all.array == w) == isUndone)
      #expect(p.array.allSatisfy { $0 == 0 } == isUndone)
    }
  }
}
