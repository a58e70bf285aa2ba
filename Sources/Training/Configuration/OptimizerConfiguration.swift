public import Networks

/// `optimizer`: how statistics become a step.
public struct OptimizerConfiguration: Codable, Equatable, Sendable {
  public enum Name: String, Codable, CaseIterable, Sendable { case residualPartitioning }

  public var name = Name.residualPartitioning
  /// λ of (M11).
  public var learningRate = 1.0
  /// δ of (M11).
  public var damping = 0.0
  public var bound = Bound.paper
  public var lossPartition = LossPartition.automatic

  enum CodingKeys: String, StrictKey { case name, learningRate, damping, bound, lossPartition }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    name = try values.name(.name, or: name)
    learningRate = try values.value(.learningRate, or: learningRate)
    damping = try values.value(.damping, or: damping)
    bound = try values.name(.bound, or: bound)
    lossPartition = try values.name(.lossPartition, or: lossPartition)
  }
}
