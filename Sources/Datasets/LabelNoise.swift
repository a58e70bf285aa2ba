internal import Kernels

/// Random wrong labels: each label is flipped to another class with the same probability, independently of the others.
///
/// The new label of a sample depends only on the seed and the sample's identifier, not on its place in a training set.
/// Of two rates with the same seed, the higher one flips every label that the lower one flips, to the same class.
public struct LabelNoise: Equatable, Sendable {
  /// The class that replaces class c in a flipped label.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// One of the other classes, all equally likely.
    case uniform
    /// (c + 1) mod classes, as when neighbouring classes are confused.
    case pairFlip
  }

  public let kind: Kind
  /// The probability that a label is flipped.
  public let rate: Double
  public let seed: UInt64

  /// - Precondition: `rate` is from 0 to 1.
  public init(kind: Kind, rate: Double, seed: UInt64) {
    precondition((0...1).contains(rate), "a probability is from 0 to 1")
    (self.kind, self.rate, self.seed) = (kind, rate, seed)
  }

  /// The label of a sample of class `label` after noise; `label` itself if it is not flipped.
  ///
  /// - Precondition: there are two or more classes.
  public func label(of id: Int, truly label: Int, classes: Int) -> Int {
    precondition(classes > 1, "a label can only be flipped to another class")
    let stream = RandomStream(seed: seed, .labelNoise, id)
    guard stream.uniform(0) < rate else { return label }
    let step =
      switch kind {
      // The high word of a 64 × 64-bit product; its bias is below classes/2⁶⁴.
      case .uniform: 1 + Int(stream[1].multipliedFullWidth(by: UInt64(classes - 1)).high)
      case .pairFlip: 1
      }
    return (label + step) % classes
  }
}

extension DataSplit {
  /// The same data with noise in the labels of the training samples.
  ///
  /// Validation and test set keep their labels; ``trueTraining`` holds the true labels of the training samples.
  ///
  /// - Precondition: the data have no noise yet, and there are two or more classes.
  public func relabelled(by noise: LabelNoise) -> DataSplit {
    precondition(trueTraining == nil, "labels get noise once")
    let dataset = training.dataset
    var labels = (0..<dataset.count).map(dataset.label)
    for position in 0..<training.count {
      let id = training.id(at: position)
      labels[id] = noise.label(of: id, truly: labels[id], classes: dataset.classes)
    }
    let ids = (0..<training.count).map { Int32(training.id(at: $0)) }
    return DataSplit(
      training: dataset.relabelled(labels).subset(ids), test: test, validation: validation, trueTraining: training)
  }

  /// For each training sample, by position, whether noise changed its label; nil if there is no noise.
  public var isFlipped: [Bool]? {
    trueTraining.map { truth in (0..<training.count).map { training.label(at: $0) != truth.label(at: $0) } }
  }

  /// The same data without the training samples whose labels were changed by noise; the other samples stay in order.
  /// nil if no sample is left. Data without noise are returned unchanged.
  public var withoutFlippedSamples: DataSplit? {
    guard let truth = trueTraining, let isFlipped else { return self }
    let kept = (0..<Int32(truth.count)).filter { !isFlipped[Int($0)] }
    guard !kept.isEmpty else { return nil }
    return DataSplit(training: truth.subset(kept), test: test, validation: validation)
  }
}
