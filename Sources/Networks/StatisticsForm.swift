public import Kernels

/// How Ẇ and Ẅ of a layer's parameters are formed from the signals around it.
public enum StatisticsForm<Scalar: Real> {
  /// The layer has no parameters.
  case none
  /// (M9, M13) The statistics of an affine layer: formed for some units, by lanes, or within a step.
  case affine(AffineStatistics<Scalar>)
  /// By a rule of the layer's own.
  case own(any OwnStatistics<Scalar>)
}

/// A layer that forms the statistics of its parameters itself.
public protocol OwnStatistics<Scalar> {
  associatedtype Scalar: Real

  /// (M9, M13) Adds the contributions of some rows to the sums Ẇ and Ẅ, or overwrites the sums when not accumulating.
  ///
  /// - Parameters:
  ///   - rows: the rows of the site to use.
  ///   - sums: the sums of all parameters of the layer.
  func addStatistics(
    _ site: Site<Scalar>, rows: Range<Int>, into sums: StatisticsSlice<Scalar>, accumulating: Bool)
}

extension StatisticsForm {
  /// The statistics that can be formed unit by unit from the signals of any samples. Ranks that see each other's
  /// signals divide the units among them.
  var separable: AffineStatistics<Scalar>? { if case .affine(let affine) = self { affine } else { nil } }

  /// Whether Ẅ is formed: with a partition by unit, affine layers have no number for each parameter.
  func formsCurvature(_ partition: Partition) -> Bool { partition == .weight || separable == nil }

  /// (M9, M13) Forms the sums over some rows; does nothing for a layer without parameters.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func add(_ site: Site<Scalar>, rows: Range<Int>, into sums: StatisticsSlice<Scalar>, accumulating: Bool) {
    switch self {
    case .none: return
    case .affine(let affine):
      let wDDot = formsCurvature(site.pass.partition) ? sums.wDDot : nil
      affine.form(
        input: site.input.y[rows], totalGradientBelow: site.input.u?[rows], above: site.above[rows],
        scale: site.scales.products, into: StatisticsSlice(wDot: sums.wDot, wDDot: wDDot), bound: site.bound,
        accumulating: accumulating)
    case .own(let statistics):
      statistics.addStatistics(site, rows: rows, into: sums, accumulating: accumulating)
    }
  }
}
