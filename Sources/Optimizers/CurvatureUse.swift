public import Networks

/// How an optimizer uses Ẅ.
public struct CurvatureUse: Equatable, Sendable {
  /// Ẅ is computed every so many steps.
  public var every = 1
  public var bound = Bound.paper
  public var partition = LossPartition.automatic

  public init() {}
}
