extension Grid.Choice {
  /// Reads `automatic`, or groups of directions × shards of the samples, such as `4x2`.
  ///
  /// - Throws: ``HypergradientError`` that says what cannot be read.
  public init(parsing text: String) throws(HypergradientError) {
    if text == "automatic" {
      self = .automatic
      return
    }
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let groups = parts[0], let shards = parts[1], groups > 0, shards > 0,
      !groups.multipliedReportingOverflow(by: shards).overflow
    else {
      throw HypergradientError(
        "grid: '\(text)' is no grid; write groups of directions x shards of samples, for example 4x2, or automatic")
    }
    self = .fixed(groups: groups, shards: shards)
  }

  /// The same as text that ``init(parsing:)`` reads.
  public var text: String {
    switch self {
    case .automatic: "automatic"
    case .fixed(let groups, let shards): "\(groups)x\(shards)"
    }
  }

  /// - Throws: ``HypergradientError`` where the grid has not as many places as there are ranks.
  public func check(ranks: Int) throws(HypergradientError) {
    guard case .fixed(let groups, let shards) = self, groups * shards != ranks else { return }
    throw HypergradientError(
      "the grid \(text) has \(groups * shards) places, but the number of ranks is \(ranks); choose groups x shards = \(ranks)"
    )
  }
}
