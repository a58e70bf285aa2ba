private import Datasets
internal import Kernels
private import Networks

extension TrainingLoop {
  /// The first layer whose weights no sample moves at the present parameters; nil where all move. A path through dead or
  /// saturated units may stay dead for the whole training.
  ///
  /// - Parameter most: how many samples are looked at, at equal distances in the training set.
  /// - Complexity: one pass forward and one back; the sums of one more gradient are allocated for it.
  func deadLayer(most: Int = 64) throws -> Int? {
    let (training, layout) = (problem.split.training, judgedNetwork.layout)
    let count = min(most, training.count)
    let positions = (0..<count).map { Int32($0 * training.count / count) }
    let inputs = Matrix<Scalar>(rows: count, columns: judgedNetwork.inputs)
    let targets =
      problem.target == .input ? inputs : Matrix<Scalar>(rows: count, columns: judgedNetwork.outputs)
    problem.fill(training, positions.span, inputs: inputs, targets: targets)
    let wDot = Arena<Scalar>(count: layout.count)
    judgedNetwork.reserve(samples: count)
    let pass = Pass(normalization: .minibatch, updatesRunningAverages: false, dropout: nil)
    _ = try judgedNetwork.forward(
      inputs, parameters: step.parameters.all, pass: pass, samples: count, ids: positions.span, over: SingleRank())
    _ = try judgedNetwork.addStatistics(
      inputs: inputs, targets: targets, parameters: step.parameters.all, loss: configuration.loss,
      partition: .automatic, bound: .paper, into: StatisticsSlice(wDot: wDot.all, wDDot: nil), over: SingleRank())
    return layout.blocks.first { block in
      block.role == .weight && block.range.allSatisfy { wDot.all[$0] == 0 }
    }?.layer
  }

  /// What ``deadLayer(most:)`` means to the user.
  public func deadStart() throws -> String? {
    try deadLayer().map { layer in
      "no training sample moves the weights of layer \(layer) (counted from 0) at the start: units at its outputs or above "
        + "are saturated or always 0; scale the inputs by data.scale, widen the network, or take another training.seed"
    }
  }
}
