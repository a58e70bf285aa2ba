public import Kernels
public import Networks

/// The parameters that one rank updates where ranks share the work of an update: a contiguous range of every block,
/// which may be empty.
public struct ParameterPart: Equatable, Sendable {
  /// For each block of the layout, a range within the block's own range, in the order of the arenas.
  public let ranges: [Range<Int>]

  /// - Precondition: each range lies within the range of its block.
  public init(_ ranges: [Range<Int>], of layout: ParameterLayout) {
    precondition(
      ranges.count == layout.blocks.count
        && zip(ranges, layout.blocks).allSatisfy {
          $0.lowerBound >= $1.range.lowerBound && $0.upperBound <= $1.range.upperBound
        },
      "a part of the parameters lies within their blocks")
    self.ranges = ranges
  }

  /// The part without the weights of layers with separable statistics, which the product kernel updates.
  public func withoutSeparableWeights<Scalar: Real>(_ network: Network<Scalar>) -> ParameterPart {
    let rest = zip(ranges, network.layout.blocks).map { range, block in
      let isMoved = block.role == .weight && network.isSeparable(block)
      return isMoved ? range.lowerBound..<range.lowerBound : range
    }
    return ParameterPart(rest, of: network.layout)
  }

  /// All parameters.
  public static func all(_ layout: ParameterLayout) -> ParameterPart {
    ParameterPart(layout.blocks.map(\.range), of: layout)
  }
}
