private import Foundation
public import Hypergradients
public import RunRecords

/// Checks the differences of (M25) and (M26) against forward mode, over a sweep of radii.
///
/// A central difference with radius r has an error of C r² and a rounding error, which grows as r falls: as 1/r for a
/// single difference, as 1/r² for differences of differences. So two conditions must hold for ‖h(r) − exact‖/‖exact‖:
/// it falls with the square of r until rounding dominates, and it comes near the limit of rounding for at least two
/// radii. One radius is not enough: a wrong factor that depends on r, such as / 2 · α in place of / (2 α), may be right
/// at one radius.
public struct HypergradientCheck: Sendable {
  /// The radii from 0.1 to 1e-6, two for each decade.
  public static let radii = (0...10).map { pow(10, -1 - Double($0) / 2) }
  /// The order of central differences, and the tolerance of an observed order: where the difference is ten times its
  /// rounding, log(1.1 · 1.1)/log √10 = 0.17.
  public static let order = 2.0
  public static let orderTolerance = 0.2
  /// The ratio of difference to rounding from which the difference counts as truncation.
  public static let dominance = 10.0
  /// The relative distance of the radii whose spread measures rounding; truncation changes by 0.2 % over it.
  private static let nudge = 1.0 / 1024

  /// The relative difference that must be reached: a thousand times the best for C = 1 and losses rounded to u =
  /// 1.1e-16, which is u^⅔ where errors are r² + u/r, and √u where they are r² + u/r².
  public static func tolerance(_ strategy: Strategy) -> Double {
    let u = Double.ulpOfOne / 2
    return 1000 * (strategy == .nested ? u.squareRoot() : pow(u, 2.0 / 3))
  }

  /// ∂L/∂a, computed by one strategy.
  public struct Estimate: Sendable {
    public var values: [Double]
    /// Whether a perturbed pass lies on another side of a kink: then the difference has no order.
    public var crossesKinks: Bool

    public init(values: [Double], crossesKinks: Bool) { (self.values, self.crossesKinks) = (values, crossesKinks) }
  }

  /// The result at one radius.
  public struct Row: Codable, Sendable {
    public let radius: Double
    /// ‖h(r) − exact‖/‖exact‖, with 0/0 = 0.
    public let difference: Double
    /// The standard deviation of h at nearly the same radii, as a norm, relative to ‖exact‖.
    public let rounding: Double
    public let crossesKinks: Bool
    /// log(difference at the radius before/at this one)/log √10; nil where one of the two has kinks within reach or is
    /// 0.
    @OrNull public internal(set) var order: Double?

    /// Whether truncation dominates in this row, so that its order is that of the truncation.
    var isTruncation: Bool { !crossesKinks && difference > HypergradientCheck.dominance * rounding }
  }

  public enum Verdict: String, Codable, Sendable {
    case agrees
    /// The difference does not fall with the square of the radius.
    case order
    /// The difference does not become small enough.
    case tolerance
    /// Perturbations cross kinks at all radii, or at all but one: no conclusion is possible.
    case kinks
  }

  /// The sweep of one strategy.
  public struct Outcome: Codable, Sendable {
    public let strategy: String
    public let rows: [Row]
    /// The second least difference among the radii without kinks within reach, and its limit: the least may be small by
    /// chance.
    @OrNull public private(set) var best: Double?
    public let tolerance: Double
    /// The order at the smallest radii where truncation dominates; nil where rounding dominates everywhere.
    @OrNull public private(set) var order: Double?
    public let verdict: Verdict

    init(_ strategy: Strategy, _ rows: [Row]) {
      (self.strategy, self.rows) = (strategy.rawValue, rows)
      let least = rows.filter { !$0.crossesKinks }.map(\.difference).sorted().prefix(2)
      let best = least.count == 2 ? least[1] : nil
      let order = Array(zip(rows, rows.dropFirst())).last { $0.isTruncation && $1.isTruncation }?.1.order
      tolerance = HypergradientCheck.tolerance(strategy)
      verdict =
        if let best {
          if let order, abs(order - HypergradientCheck.order) > HypergradientCheck.orderTolerance {
            .order
          } else {
            best <= tolerance ? .agrees : .tolerance
          }
        } else {
          .kinks
        }
      (self.best, self.order) = (best, order)
    }
  }

  public init() {}

  /// Sweeps the radius for `nested` and `fused`.
  ///
  /// - Parameters:
  ///   - exact: ∂L/∂a.
  ///   - estimate: ∂L/∂a by a strategy at a radius.
  /// - Complexity: five estimates for each radius and strategy.
  public func run(
    exact: [Double], _ estimate: (_ strategy: Strategy, _ radius: Double) throws -> Estimate
  ) rethrows -> [Outcome] {
    try [Strategy.nested, .fused].map { strategy in
      var rows: [Row] = []
      for radius in Self.radii {
        let found = try estimate(strategy, radius)
        let others = try (1...4).map { try estimate(strategy, radius * (1 + Double($0) * Self.nudge)) }
        var row = Row(
          radius: radius, difference: relative(distance(found.values, exact), to: exact),
          rounding: relative(spread(([found] + others).map(\.values)), to: exact),
          crossesKinks: ([found] + others).contains(where: \.crossesKinks), order: nil)
        if let last = rows.last, !last.crossesKinks, !row.crossesKinks, last.difference > 0, row.difference > 0 {
          row.order = log(last.difference / row.difference) / log(last.radius / radius)
        }
        rows.append(row)
      }
      return Outcome(strategy, rows)
    }
  }

  private func relative(_ value: Double, to exact: [Double]) -> Double {
    guard value != 0 else { return 0 }
    let ratio = value / norm(exact)
    // JSON has no infinity or NaN, so these become 1e100.
    return ratio <= 1e100 ? ratio : 1e100
  }

  private func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "every example has its derivative")
    return norm(zip(a, b).map { $0 - $1 })
  }

  /// The standard deviation of repeated values, as a norm over the examples.
  private func spread(_ repeated: [[Double]]) -> Double {
    let variances = repeated[0].indices.map { k in
      let values = repeated.map { $0[k] }
      let mean = values.reduce(0, +) / Double(values.count)
      return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    }
    return variances.reduce(0, +).squareRoot()
  }
}
