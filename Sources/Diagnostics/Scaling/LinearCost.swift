private import Foundation

/// A time that grows linearly with a size: t(x) = fixed + slope · x, neither part negative.
///
/// For an allreduce of x bytes `fixed` is its α in seconds and `slope` its β in seconds per byte; for the work of a step on
/// x samples they are c₀ and c₁.
public struct LinearCost: Codable, Equatable, Sendable {
  public var fixed: Double
  public var slope: Double

  public init(fixed: Double, slope: Double) { (self.fixed, self.slope) = (fixed, slope) }

  public func callAsFunction(_ x: Double) -> Double { fixed + slope * x }

  /// Of all lines through two of the points, or through one with a part of 0, that with the least Σ |ln(t(xᵢ)/tᵢ)|.
  ///
  /// Sizes of all magnitudes count alike, twice the time as much as half of it, and a few points that lie off do not pull
  /// it. O(points³).
  ///
  /// - Parameter points: at least one; sizes not negative, times above 0.
  public init(fittedTo points: [(x: Double, time: Double)]) {
    precondition(!points.isEmpty, "a line needs points")
    precondition(points.allSatisfy { $0.x >= 0 && $0.time > 0 }, "sizes must not be negative, and work takes time")
    var candidates = points.map { LinearCost(fixed: $0.time, slope: 0) }
    candidates += points.filter { $0.x > 0 }.map { LinearCost(fixed: 0, slope: $0.time / $0.x) }
    for (index, a) in points.enumerated() {
      for b in points[..<index] where a.x != b.x {
        let slope = (a.time - b.time) / (a.x - b.x)
        let line = LinearCost(fixed: a.time - slope * a.x, slope: slope)
        if line.fixed >= 0 && line.slope >= 0 { candidates.append(line) }
      }
    }
    var best = candidates[0]
    var least = Double.infinity
    for line in candidates {
      // A line through the origin gives no time to nothing: it is infinitely far from such a point.
      let sum = points.reduce(0) { $0 + log(line($1.x) / $1.time).magnitude }
      if sum < least { (best, least) = (line, sum) }
    }
    self = best
  }

  /// |t(xᵢ)/tᵢ − 1| of every point.
  public func deviations(from points: [(x: Double, time: Double)]) -> [Double] {
    points.map { (self($0.x) / $0.time - 1).magnitude }
  }
}
