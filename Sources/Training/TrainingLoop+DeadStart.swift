internal import Configurations
private import Datasets
internal import Kernels
internal import Networks

extension TrainingLoop {
  /// The number of samples that are examined together, and the most that are examined at all.
  private static var chunk: Int { 64 }
  private static var most: Int { 10_000 }

  /// The first layer whose weights no sample moves at the present parameters, and the number of samples examined; nil
  /// where all layers move. A path through dead or saturated units may stay dead for the whole training.
  ///
  /// - Complexity: one forward and one backward pass over a few samples, and over more samples where these move
  ///   nothing. Allocates the sums of one more gradient.
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
    // Where inputs are mostly 0, a few samples move few weights.
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

  /// The message for the user where ``deadLayer()`` finds a layer.
  public func deadStart() throws -> String? {
    try deadLayer().map { layer, samples in
      "none of \(samples) training samples moves the weights of layer \(layer) (counted from 0) at the start: units at its "
        + "outputs or above are saturated or always 0; scale the inputs by data.scale, widen the network, or take another "
        + "training.seed"
    }
  }
}
