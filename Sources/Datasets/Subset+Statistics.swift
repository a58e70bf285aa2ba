extension Subset {
  /// The smallest and the largest value of all features of all samples.
  var range: (low: Double, high: Double) {
    var byteRange: (low: UInt8, high: UInt8) = (.max, .min)
    var doubleRange: (low: Double, high: Double) = (.infinity, -.infinity)
    for position in 0..<count {
      unsafe dataset.samples.withSample(
        id(at: position), features: features,
        bytes: { byteRange = unsafe widened(byteRange, by: $0) },
        doubles: { doubleRange = unsafe widened(doubleRange, by: $0) })
    }
    return dataset.holdsBytes ? (Double(byteRange.low), Double(byteRange.high)) : doubleRange
  }

  /// The smallest and the largest number in all targets of all samples; 0 and 1 for classes.
  public var targetRange: ClosedRange<Double> {
    guard case .values(let values, let columns) = dataset.targets, count > 0 else { return 0...1 }
    var (low, high) = (Double.infinity, -Double.infinity)
    for position in 0..<count {
      let start = id(at: position) * columns
      for k in start..<start + columns { (low, high) = (min(low, values[k]), max(high, values[k])) }
    }
    return low...high
  }

  /// The number of samples in each class; empty if the targets are values.
  public var classCounts: [Int] {
    guard case .classes(let numbers, let names) = dataset.targets else { return [] }
    var counts = [Int](repeating: 0, count: names.count)
    for position in 0..<count { counts[Int(numbers[id(at: position)])] += 1 }
    return counts
  }

  /// Whether all samples have the same target values; false for classes.
  public var hasConstantTargets: Bool {
    guard case .values(let values, let columns) = dataset.targets, count > 0 else { return false }
    func row(_ position: Int) -> ArraySlice<Double> {
      values[id(at: position) * columns..<(id(at: position) + 1) * columns]
    }
    let first = row(0)
    return (1..<count).allSatisfy { row($0).elementsEqual(first) }
  }

  /// The mean and the variance of each feature: μ_j = (1/n) Σ x_j, σ_j² = (1/n) Σ (x_j − μ_j)².
  ///
  /// Two passes in Double. The mean is computed from the distances to the first sample, so a constant feature has
  /// exactly its own value as mean, and a variance of exactly 0.
  var moments: (mean: [Double], variance: [Double]) {
    let n = Double(count)
    let first = dataset.values(of: id(at: 0))
    var sums = [Double](repeating: 0, count: features)
    forEachSample(addingTo: &sums, about: first) { sum, distance in sum += distance }
    let mean = zip(first, sums).map { $0 + $1 / n }
    var squares = [Double](repeating: 0, count: features)
    forEachSample(addingTo: &squares, about: mean) { sum, distance in sum += distance * distance }
    return (mean, squares.map { $0 / n })
  }

  /// Calls `add(&sums_j, x_j − centre_j)` for each sample and feature.
  @inline(__always)
  private func forEachSample(
    addingTo sums: inout [Double], about centre: [Double], _ add: (inout Double, Double) -> Void
  ) {
    for position in 0..<count {
      unsafe dataset.samples.withSample(
        id(at: position), features: features,
        bytes: { x in for j in 0..<features { unsafe add(&sums[j], Double(x[j]) - centre[j]) } },
        doubles: { x in for j in 0..<features { unsafe add(&sums[j], x[j] - centre[j]) } })
    }
  }
}

@inline(__always)
private func widened<Element: Comparable>(
  _ range: (low: Element, high: Element), by values: UnsafeBufferPointer<Element>
) -> (low: Element, high: Element) {
  var (low, high) = range
  for k in 0..<values.count {
    low = unsafe min(low, values[k])
    high = unsafe max(high, values[k])
  }
  return (low, high)
}
