public import Kernels
public import Networks

/// What the update of all parameters, or of a part of them, reads and writes in one step.
public struct ParameterUpdate<Scalar: Real> {
  /// w.
  public let parameters: Vector<Scalar>
  /// The sums Ẇ and Ẅ over the samples.
  public let sums: StatisticsSlice<Scalar>
  /// S.
  public let samples: Int
  public let state: OptimizerState<Scalar>
  /// α or λ.
  public let rate: Double
  public let regularization: Regularization
  public let layout: ParameterLayout
  public let part: ParameterPart

  /// What the part has of a block.
  public func block(_ index: Int) -> BlockUpdate<Scalar> { block(index, part.ranges[index]) }

  /// A block, or a part of it.
  ///
  /// - Parameter range: in the arenas, within the block's.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func block(_ index: Int, _ range: Range<Int>) -> BlockUpdate<Scalar> { BlockUpdate(self, index, range) }
}
