internal import Configurations
private import Datasets
internal import Kernels
internal import Networks

extension TrainingLoop {
  /// How many samples are looked at together, and at most.
  private static var chunk: Int { 64 }
  private static var most: Int { 10_000 }

  /// The first layer whose weights no sample moves at the present parameters, and how many samples were looked at; nil where
  /// all layers move. A path through dead or saturated units may stay dead for the whole training.
  ///
  /// - Complexity: one pass forward and one back over a few samples, and over more where these move nothing. The sums of one
  ///   more gradient are allocated for it.
  func deadLayer() throws -> (layer: LayerAddress, samples: Int)? {
    let samples = problem.split.training.count
    let count = min(Self.chunk, samples)
    let wDot = Arena<Scalar>(count: evaluationNetwork.layout.count)
    func dead(after positions: [Int32]) throws -> LayerAddress? {
      try addGradient(of: positions, to: wDot)
      return evaluationNetwork.layout.blocks.first { block in
        block.role == .weight && block.range.allSatisfy { wDot.all[$0] == 0 }
      }?.address
    }
    guard var layer = try dead(after: (0..<count).map { Int32($0 * samples / count) }) else { return nil }
    // Inputs that are mostly 0 move few weights in few samples.
    let most = min(samples, Self.most)
    for start in stride(from: 0, to: most, by: count) {
      guard let still = try dead(after: (start..<min(start + count, most)).map { Int32($0) }) else { return nil }
      layer = still
    }
    return (layer, most)
  }

  private func addGradient(of positions: [Int32], to wDot: Arena<Scalar>) throws {
    let rows = positions.count
    let inputs = Matrix<Scalar>(rows: rows, columns: evaluationNetwork.inputs)
    let targets = problem.target == .input ? inputs : Matrix<Scalar>(rows: rows, columns: evaluationNetwork.outputs)
    problem.fill(problem.split.training, positions.span, inputs: inputs, targets: targets)
    evaluationNetwork.reserve(samples: rows)
    let pass = Pass(normalization: .minibatch, updatesRunningAverages: false, dropout: nil)
    _ = try evaluationNetwork.forward(
      inputs, parameters: step.parameters.all, pass: pass, samples: rows, ids: positions.span, over: SingleRank())
    _ = try evaluationNetwork.addStatistics(
      inputs: inputs, targets: targets, parameters: step.parameters.all, loss: configuration.loss,
      partition: .automatic, bound: .paper, into: StatisticsSlice(wDot: wDot.all, wDDot: nil), over: SingleRank())
  }

  /// What ``deadLayer()`` means to the user.
  public func deadStart() throws -> String? {
    try deadLayer().map { layer, samples in
      "none of \(samples) training samples moves the weights of layer \(layer) (counted from 0) at the start: units at its "
        + "outputs or above are saturated or always 0; scale the inputs by data.scale, widen the network, or take another "
        + "training.seed"
    }
  }
}
