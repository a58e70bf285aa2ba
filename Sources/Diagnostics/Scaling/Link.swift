public import Configurations
private import Foundation

/// The cost of a message between two ranks: α seconds, and β seconds for each byte.
public struct Link: Codable, Equatable, Sendable {
  /// α.
  public var latency: Double
  /// β.
  public var secondsPerByte: Double

  public init(latency: Double, secondsPerByte: Double) {
    (self.latency, self.secondsPerByte) = (latency, secondsPerByte)
  }

  /// The link over which an allreduce of p ranks with 2⌈log₂ p⌉ rounds has this cost: the inverse of
  /// ``allReduce(ranks:bytes:)``.
  ///
  /// - Parameter pieceBytes: the size of the measured pieces, each with its own rounds; nil where the allreduce was
  ///   whole.
  public init(ofAllReduce cost: LinearCost, ranks: Int, pieceBytes: Int? = nil) {
    precondition(ranks > 1, "an allreduce needs two ranks")
    let p = Double(ranks)
    latency = cost.fixed / (2 * Self.rounds(ranks))
    let rounds = pieceBytes.map { cost.fixed / Double($0) } ?? 0
    secondsPerByte = max(0, cost.slope - rounds) * p / (2 * (p - 1))
  }

  /// ⌈log₂ p⌉.
  static func rounds(_ ranks: Int) -> Double { Double(Int.bitWidth - (ranks - 1).leadingZeroBitCount) }

  /// The time of an allreduce over p ranks, one at each end of a link: 2⌈log₂ p⌉ α + 2 (p−1)/p n β.
  ///
  /// A reduce-scatter by recursive halving and an allgather by recursive doubling (Rabenseifner). A ring moves as many
  /// bytes in 2(p−1) rounds.
  public func allReduce(ranks: Int, bytes: Double) -> Double {
    guard ranks > 1 else { return 0 }
    let p = Double(ranks)
    return 2 * Self.rounds(ranks) * latency + 2 * (p - 1) / p * bytes * secondsPerByte
  }

  /// A link from its nominal numbers, such as `10Gbit:20us`: bits per second, and the latency of a message.
  ///
  /// - Throws: ``ConfigurationError`` for a text of another form.
  public init(parsing text: String) throws(ConfigurationError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2,
      let rate = Self.quantity(parts[0], units: ["Mbit": 1e6, "Gbit": 1e9, "Tbit": 1e12]),
      let latency = Self.quantity(parts[1], units: ["ns": 1e-9, "us": 1e-6, "ms": 1e-3]), rate > 0
    else {
      throw ConfigurationError(
        "the link '\(text)' is no RATE:LATENCY; write for example 10Gbit:20us (Mbit, Gbit, Tbit; ns, us, ms)")
    }
    self.init(latency: latency, secondsPerByte: 8 / rate)
  }

  /// A number with one of the units, in the base unit; nil for anything else.
  private static func quantity(_ text: String, units: [String: Double]) -> Double? {
    for (unit, factor) in units where text.lowercased().hasSuffix(unit.lowercased()) {
      guard let number = Double(text.dropLast(unit.count)), number >= 0, number.isFinite else { return nil }
      return number * factor
    }
    return nil
  }
}

/// A time that grows linearly with a size: t(x) = fixed + slope · x, neither part negative.
///
/// For an allreduce of x bytes `fixed` is its α in seconds and `slope` its β in seconds per byte; for the work of a
/// step on x samples they are c₀ and c₁.
public struct LinearCost: Codable, Equatable, Sendable {
  public var fixed: Double
  public var slope: Double

  public init(fixed: Double, slope: Double) { (self.fixed, self.slope) = (fixed, slope) }

  public func callAsFunction(_ x: Double) -> Double { fixed + slope * x }

  /// The line with the least Σ |ln(t(xᵢ)/tᵢ)| among all lines through two of the points, or through one point with one
  /// part 0.
  ///
  /// Sizes of all magnitudes have equal weight, twice the time counts as much as half of it, and a few outliers have
  /// little influence. O(points³).
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
      // A line through the origin has time 0 at size 0, so such a point is infinitely far from it.
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

/// The middle value of at least one value; for an even number the greater of the two middle values.
func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// The quantile of at least one value for a share from 0 to below 1; for one half the median.
func quantile(_ values: [Double], _ share: Double) -> Double { values.sorted()[Int(share * Double(values.count))] }
