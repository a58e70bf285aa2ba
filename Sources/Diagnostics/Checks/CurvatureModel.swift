internal import Kernels
internal import Networks

/// vᵀ H v of the mean loss at an objective's parameters, by forward mode, with the statistics of batch normalisation frozen.
struct CurvatureModel {
  private let model: SecondOrderModel<Double>
  private let kind: Bound
  private let direction: Arena<Double>
  private let samples: Double

  /// Runs the objective's network forward; it must not be run again as long as the model is used.
  init(_ objective: Objective, _ kind: Bound) {
    _ = objective.forward(.frozenMinibatch)
    model = SecondOrderModel(
      objective.network, inputs: objective.inputs, targets: objective.targets, parameters: objective.parameters.all,
      loss: objective.loss)
    self.kind = kind
    direction = Arena(count: objective.parameters.count)
    samples = Double(objective.samples)
  }

  func curvature(along v: [Double]) -> Double {
    direction.all.copy(from: v)
    return model.derivatives(along: direction.all, kind).second / samples
  }

  /// The same for v = Σ of a few unit vectors, each scaled.
  func curvature(along units: [(parameter: Int, scale: Double)]) -> Double {
    direction.all.fill(0)
    for unit in units { direction.all[unit.parameter] += unit.scale }
    return model.derivatives(along: direction.all, kind).second / samples
  }
}
