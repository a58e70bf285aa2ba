internal import Datasets
internal import Testing

/// Labels that are made wrong by chance.
@Suite struct LabelNoiseTests {
  /// Samples of ten classes in turn.
  private func split(_ count: Int) -> DataSplit {
    let dataset = Dataset(
      source: "test", shape: [1], classNames: (0..<10).map { "c\($0)" }, values: [Double](repeating: 0, count: count),
      labels: (0..<count).map { $0 % 10 })
    return DataSplit(training: dataset.all, test: dataset.all)
  }

  private func labels(_ subset: Subset) -> [Int] { (0..<subset.count).map(subset.label) }

  @Test func `the drawn labels are those of the definition`() {
    // By a program in Python of the same draws.
    func drawn(_ kind: LabelNoise.Kind, _ rate: Double, seed: UInt64, of label: (Int) -> Int) -> [Int] {
      let noise = LabelNoise(kind: kind, rate: rate, seed: seed)
      return (0..<24).map { noise.label(of: $0, truly: label($0), classes: 10) }
    }
    #expect(
      drawn(.uniform, 0.4, seed: 1) { $0 % 10 } == [
        6, 1, 9, 3, 4, 8, 2, 7, 7, 8, 0, 8, 2, 3, 9, 6, 1, 6, 8, 9, 0, 3, 2, 6,
      ])
    #expect(
      drawn(.pairFlip, 0.4, seed: 1) { $0 % 10 } == [
        1, 1, 3, 3, 4, 6, 7, 7, 9, 0, 0, 2, 2, 3, 5, 6, 7, 8, 8, 9, 0, 2, 2, 4,
      ])
    #expect(
      drawn(.uniform, 0.6, seed: 7) { _ in 3 } == [
        3, 3, 6, 3, 1, 7, 5, 1, 4, 9, 3, 3, 3, 3, 8, 8, 7, 3, 3, 2, 9, 3, 7, 1,
      ])
  }

  @Test(arguments: [0.0, 0.4, 1.0], LabelNoise.Kind.allCases)
  func `as many labels are flipped as the rate says, each to a class that the kind allows`(
    rate: Double, kind: LabelNoise.Kind
  ) throws {
    let count = 40_000
    let noisy = split(count).relabelled(by: LabelNoise(kind: kind, rate: rate, seed: 5))
    let (given, truth) = (labels(noisy.training), labels(try #require(noisy.trueTraining)))
    #expect(truth == (0..<count).map { $0 % 10 })
    #expect(try #require(noisy.isFlipped) == zip(given, truth).map { $0 != $1 })
    var steps = [Int](repeating: 0, count: 10)
    for (given, truth) in zip(given, truth) { steps[(given - truth + 10) % 10] += 1 }
    // Binomial counts; six standard deviations.
    func fits(_ found: Int, _ probability: Double) -> Bool {
      abs(Double(found) - Double(count) * probability)
        <= 6 * (Double(count) * probability * (1 - probability)).squareRoot()
    }
    #expect(fits(steps[0], 1 - rate))
    for step in 1..<10 {
      let share = kind == .uniform ? rate / 9 : step == 1 ? rate : 0
      #expect(fits(steps[step], share), "\(step)")
    }
  }

  @Test(arguments: LabelNoise.Kind.allCases)
  func `the labels of neighbouring samples are flipped independently of each other`(kind: LabelNoise.Kind) throws {
    let count = 40_000
    let flipped = try #require(split(count).relabelled(by: LabelNoise(kind: kind, rate: 0.4, seed: 5)).isFlipped)
    for distance in [1, 2, 10] {
      let both = (0..<count - distance).count { flipped[$0] && flipped[$0 + distance] }
      // A share of 0.16; six standard deviations.
      let expected = 0.16 * Double(count - distance)
      #expect(abs(Double(both) - expected) <= 6 * (expected * 0.84).squareRoot())
    }
  }

  @Test func `a sample has the same label in whatever part of the data it is, and at whatever place`() {
    let noise = LabelNoise(kind: .uniform, rate: 0.4, seed: 3)
    let all = labels(split(300).relabelled(by: noise).training)
    let dataset = split(300).training.dataset
    let ids = (0..<100).map { Int32(299 - 2 * $0) }
    let some = DataSplit(training: dataset.subset(ids), test: dataset.all).relabelled(by: noise)
    #expect(labels(some.training) == ids.map { all[Int($0)] })
    #expect((0..<100).map(some.training.id) == ids.map { Int($0) })
  }

  @Test func `another seed flips other labels, and a higher rate all that a lower one flips`() throws {
    func flips(_ rate: Double, _ seed: UInt64) throws -> [Int] {
      let noisy = split(1000).relabelled(by: LabelNoise(kind: .uniform, rate: rate, seed: seed))
      return try #require(noisy.isFlipped).indices.filter { noisy.isFlipped?[$0] == true }
    }
    #expect(try flips(0.4, 1) == flips(0.4, 1))
    #expect(try flips(0.4, 1) != flips(0.4, 2))
    #expect(try Set(flips(0.6, 1)).isStrictSuperset(of: flips(0.4, 1)))
    let (low, high) = (LabelNoise(kind: .uniform, rate: 0.4, seed: 1), LabelNoise(kind: .uniform, rate: 0.6, seed: 1))
    for id in try flips(0.4, 1) {
      #expect(low.label(of: id, truly: 4, classes: 10) == high.label(of: id, truly: 4, classes: 10))
    }
  }

  @Test func `only what is trained on gets noise, also where all parts are of one dataset`() throws {
    let clean = try DataSplit.digits().holdingOut(200, seed: 1)
    let noisy = clean.relabelled(by: LabelNoise(kind: .pairFlip, rate: 1, seed: 1))
    #expect(labels(noisy.test) == labels(clean.test))
    #expect(labels(try #require(noisy.validation)) == labels(try #require(clean.validation)))
    #expect(labels(noisy.training) == labels(clean.training).map { ($0 + 1) % 10 })
    #expect(labels(try #require(noisy.trueTraining)) == labels(clean.training))
    #expect(clean.trueTraining == nil && clean.isFlipped == nil)
    for position in [0, 700, 1237] {
      let id = noisy.training.id(at: position)
      #expect(id == clean.training.id(at: position))
      #expect(noisy.training.dataset.values(of: id) == clean.training.dataset.values(of: id))
    }
  }

  @Test func `without the flipped samples every label is true`() throws {
    let clean = try DataSplit.digits().holdingOut(200, seed: 1)
    let noisy = clean.relabelled(by: LabelNoise(kind: .uniform, rate: 0.4, seed: 1))
    let rest = try #require(noisy.withoutFlippedSamples)
    let flipped = try #require(noisy.isFlipped)
    let kept = flipped.indices.filter { !flipped[$0] }
    #expect(!kept.isEmpty && kept.count < flipped.count)
    #expect((0..<rest.training.count).map(rest.training.id) == kept.map(noisy.training.id))
    #expect(labels(rest.training) == kept.map(clean.training.label))
    #expect(rest.trueTraining == nil && rest.test.count == 359 && rest.validation?.count == 200)
    #expect(clean.withoutFlippedSamples?.training.count == clean.training.count)
    #expect(clean.relabelled(by: LabelNoise(kind: .uniform, rate: 1, seed: 1)).withoutFlippedSamples == nil)
  }
}
