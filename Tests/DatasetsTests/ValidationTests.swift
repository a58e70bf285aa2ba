internal import Datasets
internal import Testing

/// The validation set that is taken from the training set.
@Suite struct ValidationTests {
  private func identifiers(_ subset: Subset) -> [Int] { (0..<subset.count).map(subset.id) }

  @Test(arguments: [1, 7, 200, 1437])
  func `training and validation set share out the training set, and the test set stays`(count: Int) throws {
    let whole = try DataSplit.digits()
    let split = whole.holdingOut(count, seed: 3)
    let (training, validation) = (identifiers(split.training), identifiers(try #require(split.validation)))
    #expect(validation.count == count)
    #expect(training.count == whole.training.count - count)
    #expect(Set(training).isDisjoint(with: validation))
    #expect(Set(training).union(validation) == Set(identifiers(whole.training)))
    #expect(training == training.sorted() && validation == validation.sorted())
    #expect(identifiers(split.test) == identifiers(whole.test))
  }

  @Test func `the same seed draws the same samples, another seed others`() throws {
    func draw(_ seed: UInt64) throws -> [Int] {
      identifiers(try #require(try DataSplit.digits().holdingOut(200, seed: seed).validation))
    }
    let first = try draw(1)
    #expect(try draw(1) == first)
    // Two independent draws of 200 of 1,438 share 28 on average, with a standard deviation of 4.6.
    for seed: UInt64 in 2...6 { #expect(abs(Set(try draw(seed)).intersection(first).count - 28) < 28) }
  }

  @Test func `every sample is drawn equally often`() {
    let dataset = Dataset(
      source: "test", shape: [1], values: (0..<10).map { Double($0) }, targets: (0..<10).map { Double($0) })
    let whole = DataSplit(training: dataset.all, test: dataset.all)
    var drawn = [Int](repeating: 0, count: 10)
    for seed in 0..<4000 {
      for id in identifiers(whole.holdingOut(3, seed: UInt64(seed)).validation ?? whole.test) { drawn[id] += 1 }
    }
    #expect(drawn.reduce(0, +) == 12_000)
    // 4,000 draws with probability 0.3: a standard deviation of 29; six of them.
    for count in drawn { #expect(abs(count - 1200) < 174) }
  }

  @Test func `the scaling is that of the samples that are left`() {
    // The extremes of one sample leave the training set with it.
    let dataset = Dataset(
      source: "test", shape: [1], classNames: ["a"], values: [0, 1, 2, 3, 100], labels: [0, 0, 0, 0, 0])
    let whole = DataSplit(training: dataset.all, test: dataset.all)
    var seen: Set<Bool> = []
    for seed: UInt64 in 0..<20 {
      let split = whole.holdingOut(2, seed: seed)
      let left = identifiers(split.training)
      let (low, high) = (dataset.values(of: left[0])[0], dataset.values(of: left[left.count - 1])[0])
      let map = InputScaling.unit.map(for: split.training)
      #expect(abs(map.scale[0] * low + map.offset[0]) <= 1e-15)
      #expect(abs(map.scale[0] * high + map.offset[0] - 1) <= 1e-15)
      seen.insert(left.contains(4))
    }
    #expect(seen == [true, false], "both cases must have been met")
  }
}
