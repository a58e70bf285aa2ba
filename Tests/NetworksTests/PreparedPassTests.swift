import Kernels
import Networks
import TestSupport
import Testing

/// Passes that prepare one step alone, with fewer loops, against those that prepare everything: bit by bit, since every
/// number is made by the same operations.
@Suite struct PreparedPassTests {
  /// What follows each dense layer of a small network.
  enum Between: CaseIterable, Sendable { case nothing, dropout, batchNorm }

  private static func layers(_ activation: Activation, _ between: Between, atOutput: Bool) -> [LayerConfiguration] {
    var layers: [LayerConfiguration] = []
    for (index, outputs) in [5, 2, 7].enumerated() {
      layers.append(.dense(inputs: nil, outputs: outputs))
      if index < 2 || atOutput { layers.append(.activation(activation)) }
      guard index < 2 else { continue }
      switch between {
      case .nothing: break
      case .dropout: layers.append(.dropout(keep: 0.75))
      case .batchNorm: layers.append(.batchNorm)
      }
    }
    return layers
  }

  @Test(arguments: Activation.allCases, Between.allCases)
  func `the statistics of a step are those of a pass that prepares everything`(
    activation: Activation, between: Between
  ) throws {
    for loss in [Loss.squaredError, .softmaxCrossEntropy, .sigmoidCrossEntropy, .squaredHinge] {
      for atOutput in [false, true] {
        for partition in LossPartition.allCases {
          try check(activation, between, loss, atOutput: atOutput, partition, Float.self)
          try check(activation, between, loss, atOutput: atOutput, partition, Double.self)
        }
      }
    }
  }

  private func check<S: Real>(
    _ activation: Activation, _ between: Between, _ loss: Loss, atOutput: Bool, _ partition: LossPartition, _: S.Type
  ) throws {
    let network = try Network<S>(Self.layers(activation, between, atOutput: atOutput), inputs: 6)
    let rows = 9
    network.reserve(samples: rows)
    let parameters = network.initialParameters(.uniform, seed: 3).all
    var random = SmallRandom(seed: 11)
    let (inputs, targets) = (Matrix<S>(rows: rows, columns: 6), Matrix<S>(rows: rows, columns: 7))
    for k in 0..<inputs.elements.count { inputs.elements[k] = S(random.uniform(-1...1)) }
    for row in 0..<rows { targets[row][row % 7] = 1 }
    let ids = (0..<Int32(rows)).map(\.self)

    func statistics(
      _ preparation: Pass.Preparation, _ bound: Bound, withCurvature: Bool, weights: Vector<S>?
    ) throws -> (loss: Double, first: [S], second: [S]) {
      var pass = Pass.training(seed: 5, epoch: 2)
      pass.updatesRunningAverages = false
      pass.preparation = preparation
      let (first, second) = (Arena<S>(count: parameters.count).all, Arena<S>(count: parameters.count).all)
      _ = try network.forward(
        inputs, parameters: parameters, pass: pass, samples: rows, ids: ids.span, over: SingleRank())
      let value = network.addStatistics(
        inputs: inputs, targets: targets, parameters: parameters, loss: loss, partition: partition, bound: bound,
        weights: weights, into: StatisticsSlice(wDot: first, wDDot: withCurvature ? second : nil))
      return (value, first.array, second.array)
    }

    let ones = Arena<S>(count: rows).all
    ones.fill(1)
    for bound in Bound.allCases {
      // With weights the loss, (M6) and the way back through the output's activation are steps of their own.
      let expected = try statistics(.everything, bound, withCurvature: true, weights: ones)
      #expect(expected.first.contains { $0 != 0 } && expected.second.contains { $0 != 0 })
      for (preparation, weights) in [
        (Pass.Preparation.everything, nil), (.statistics, nil), (.statistics, ones),
      ] as [(Pass.Preparation, Vector<S>?)] {
        let found = try statistics(preparation, bound, withCurvature: true, weights: weights)
        #expect(found.first == expected.first && found.second == expected.second)
        #expect((found.loss - expected.loss).magnitude <= 16 * Double(S.ulpOfOne) * expected.loss.magnitude)
      }
      for preparation in [Pass.Preparation.everything, .gradient] {
        #expect(try statistics(preparation, bound, withCurvature: false, weights: nil).first == expected.first)
      }
    }
  }
}
