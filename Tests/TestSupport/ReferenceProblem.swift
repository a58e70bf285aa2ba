/// A network with a loss and a minibatch: what the oracles are asked about.
public struct ReferenceProblem: Sendable, Equatable {
  public var network: ReferenceNetwork
  public var loss: ReferenceLoss
  /// [samples × inputs].
  public var inputs: [[Double]]
  /// [samples × outputs].
  public var targets: [[Double]]

  public init(network: ReferenceNetwork, loss: ReferenceLoss, inputs: [[Double]], targets: [[Double]]) {
    self.network = network
    self.loss = loss
    self.inputs = inputs
    self.targets = targets
  }

  /// J of (M2) without R.
  public var meanLoss: Double {
    network.meanLoss(loss, inputs: inputs, targets: targets)
  }

  /// The same problem after the step Δw.
  public func moved(by step: [Double]) -> ReferenceProblem {
    var result = self
    let parameters = network.parameters
    precondition(step.count == parameters.count, "A step has one number for each parameter.")
    result.network = network.replacingParameters(parameters.indices.map { parameters[$0] + step[$0] })
    return result
  }

  /// Ẇ and Ẅ, see ``referenceStatistics(_:_:inputs:targets:bound:generalPartition:)``.
  public func statistics(_ bound: ReferenceBound, generalPartition: Bool = false) -> ReferenceStatistics {
    referenceStatistics(
      network, loss, inputs: inputs, targets: targets, bound: bound, generalPartition: generalPartition)
  }

  /// The Taylor polynomial that `bound` bounds: the exact one for `full`, that of (M12) for `paper`.
  public func taylorModel(boundedBy bound: ReferenceBound) -> TaylorModel {
    TaylorModel(
      network, loss, inputs: inputs, targets: targets,
      affineLayers: bound == .full ? .exact : .withoutProducts)
  }

  /// λ_max(D^−½ H D^−½) with D = Ẅ and H the Hessian of the model that `bound` bounds; at most 1 if the bound holds.
  ///
  /// - Throws: ``UncoveredParameter`` if some Ẅ is 0 and its parameter has curvature.
  public func tightness(_ bound: ReferenceBound, generalPartition: Bool = false) throws(UncoveredParameter) -> Double {
    try scaledLargestEigenvalue(
      taylorModel(boundedBy: bound).hessian,
      diagonal: statistics(bound, generalPartition: generalPartition).curvature)
  }
}
