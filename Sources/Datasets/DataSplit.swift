internal import Kernels

/// The parts of a dataset: the training set, the validation set for decisions during training, and the test set for the
/// result.
public struct DataSplit: Sendable {
  public let training: Subset
  public let test: Subset
  /// Samples of the training set that are not used for training steps.
  public let validation: Subset?
  /// The training samples with their true labels, if noise changed some labels of ``training``.
  public let trueTraining: Subset?

  public init(training: Subset, test: Subset, validation: Subset? = nil) {
    self.init(training: training, test: test, validation: validation, trueTraining: nil)
  }

  init(training: Subset, test: Subset, validation: Subset?, trueTraining: Subset?) {
    for part in [test, validation ?? test] {
      precondition(
        training.features == part.features && training.classes == part.classes
          && training.targetColumns == part.targetColumns,
        "all parts must have the same features and the same kind of targets")
    }
    self.training = training
    self.test = test
    self.validation = validation
    self.trueTraining = trueTraining
  }

  /// The same data with `count` random samples of the training set as the validation set.
  ///
  /// The choice depends only on the seed and on the size of the training set, so it is the same for every number of
  /// ranks. Both parts keep the samples in the order of the training set.
  ///
  /// - Precondition: there is no validation set yet, and at least one sample is left to train on.
  public func holdingOut(_ count: Int, seed: UInt64) -> DataSplit {
    precondition(validation == nil, "samples can be held out once")
    precondition(trueTraining == nil, "samples are held out before labels get noise, so that theirs stay true")
    precondition((1..<training.count).contains(count), "samples must be left to train on")
    let (drawn, kept) = drawing(count, RandomStream(seed: seed, .validation))
    return DataSplit(training: training.subset(kept), test: test, validation: training.subset(drawn))
  }

  /// The positions of `count` random training samples, and those of the others, both ascending.
  func drawing(_ count: Int, _ stream: RandomStream) -> (drawn: [Int32], kept: [Int32]) {
    var positions = (0..<Int32(training.count)).map(\.self)
    stream.shuffle(&positions)
    return (positions[..<count].sorted(), positions[count...].sorted())
  }
}

extension DataSplit {
  /// The same data without `count` random samples of the training set, and these samples, whose labels must not be
  /// used.
  ///
  /// The choice depends only on the seed and on the size of the training set, so it is the same for every number of
  /// ranks. Both parts keep the samples in the order of the training set.
  ///
  /// - Precondition: at least one sample is left to train on.
  public func hidingLabels(_ count: Int, seed: UInt64) -> (labelled: DataSplit, unlabelled: Subset) {
    precondition((1..<training.count).contains(count), "labelled samples must be left to train on")
    let (hidden, kept) = drawing(count, RandomStream(seed: seed, .unlabelled))
    return (
      DataSplit(
        training: training.subset(kept), test: test, validation: validation, trueTraining: trueTraining?.subset(kept)),
      training.subset(hidden)
    )
  }
}
