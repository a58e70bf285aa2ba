internal import Kernels
public import Networks
internal import Optimizers

/// B(Δw) = J + Σ Ẇ Δw + ½ Σ Ẅ Δw² of (M12) or (M13), without regularisation: what residual partitioning takes for the loss.
public struct QuadraticBound: Sendable {
  /// Ẇ, mean over the samples, [parameters].
  public var gradient: [Double]
  /// Ẅ ≥ 0, [parameters]; 0 for running averages.
  public var curvature: [Double]
  /// What B bounds: (M12)'s model or the exact second-order one.
  public let model: Bound

  /// The bound at an objective's parameters, with the statistics of batch normalisation frozen in Ẏ.
  public init(_ objective: Objective, _ model: Bound, partition: LossPartition) {
    let count = objective.network.layout.count
    let (wDot, wDDot) = (Arena<Double>(count: count).all, Arena<Double>(count: count).all)
    _ = objective.forward(.frozenMinibatch)
    _ = objective.network.addStatistics(
      inputs: objective.inputs, targets: objective.targets, parameters: objective.parameters.all, loss: objective.loss,
      partition: partition, bound: model, into: StatisticsSlice(wDot: wDot, wDDot: wDDot))
    gradient = wDot.array.map { $0 / Double(objective.samples) }
    curvature = wDDot.array.map { $0 / Double(objective.samples) }
    self.model = model
  }

  /// Σ Ẅ v².
  func curvature(along v: [Double]) -> Double { zip(curvature, v).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } }

  /// B(0) − B(Δw), without regularisation.
  func decrease(_ step: [Double]) -> Double {
    -zip(gradient, step).reduce(0) { $0 + $1.0 * $1.1 } - curvature(along: step) / 2
  }

  /// (M11) with λ = 1 and without damping; 0 where the denominator is.
  func minimum(_ objective: Objective) -> [Double] {
    var step = gradient.map { _ in 0.0 }
    for block in objective.network.layout.blocks where block.isTrained {
      for k in block.range {
        let slope = gradient[k] + objective.regularization.slope(at: objective.parameters.all[k], block.role)
        let denominator = curvature[k] + objective.regularization.curvature(block.role)
        step[k] = denominator == 0 ? 0 : -slope / denominator
      }
    }
    return step
  }
}
