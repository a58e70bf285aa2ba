extension Grid.Choice {
  /// Reads `auto`, or groups × shards such as `4x2`.
  ///
  /// - Throws: ``HypergradientError`` that says what cannot be read.
  public init(parsing text: String) throws(HypergradientError) {
    guard text != "auto" else {
      self = .automatic
      return
    }
    let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let groups = numbers[0], let shards = numbers[1], groups > 0, shards > 0,
      !groups.multipliedReportingOverflow(by: shards).overflow
    else {
      throw HypergradientError(
        "grid: '\(text)' is no grid; write groups x shards, for example 4x2 for 8 ranks, or auto")
    }
    self = .fixed(groups: groups, shards: shards)
  }

  /// The same as text that ``init(parsing:)`` reads.
  public var text: String {
    switch self {
    case .automatic: "auto"
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
