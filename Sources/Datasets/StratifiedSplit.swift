extension DataSplit {
  /// Splits a dataset without a test set of its own. The test set is a random fifth of each class, rounded to whole
  /// samples. If the targets are values, it is a random fifth of all samples.
  ///
  /// The choice depends only on the labels, or on the number of samples. It is the same for every seed of a run and for
  /// every number of ranks. Both parts keep the samples in the order of the dataset.
  ///
  /// - Throws: `content` if no class has at least three samples or, where the targets are values, if there are fewer
  ///   than three samples: a fifth then rounds to 0.
  init(stratified dataset: Dataset) throws(DatasetError) {
    let test =
      switch dataset.targets {
      case .classes(let numbers, let names): testIdentifiers(labels: numbers, classes: names.count)
      // All samples are one stratum.
      case .values: testIdentifiers(labels: [Int32](repeating: 0, count: dataset.count), classes: 1)
      }
    guard !test.isEmpty else {
      throw .content(
        dataset.source,
        dataset.holdsTargetValues
          ? "has fewer than three samples, so a fifth of them is nothing to test with"
          : "has no class of three or more samples, so a fifth of each class is nothing to test with",
        remedy: "give a test file, or more rows")
    }
    let isTest = Set(test)
    self.init(
      training: dataset.subset((0..<Int32(dataset.count)).filter { !isTest.contains($0) }),
      test: dataset.subset(test))
  }
}

/// The identifiers of the test samples in ascending order: n/5, rounded to the nearest integer, of each class of n
/// samples.
private func testIdentifiers(labels: [Int32], classes: Int) -> [Int32] {
  var members = [[Int32]](repeating: [], count: classes)
  for (id, label) in labels.enumerated() { members[Int(label)].append(Int32(id)) }
  // A fixed seed, so that the test set is the same for everyone.
  var generator = SplitMix64(state: 0x7270_2d64_6973_7421)
  var chosen: [Int32] = []
  for var ids in members {
    let count = (ids.count + 2) / 5
    // The first steps of a Fisher–Yates shuffle: a uniform choice without replacement.
    for place in 0..<count {
      ids.swapAt(place, place + generator.next(below: ids.count - place))
    }
    chosen += ids[..<count]
  }
  return chosen.sorted()
}

/// The generator of G. Steele, D. Lea and C. Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in 0 ..< `bound`, all equally likely: D. Lemire, Fast random integer generation in an interval, 2019.
  mutating func next(below bound: Int) -> Int {
    let width = UInt64(bound)
    var product = next().multipliedFullWidth(by: width)
    while product.low < (0 &- width) % width { product = next().multipliedFullWidth(by: width) }
    return Int(product.high)
  }
}
