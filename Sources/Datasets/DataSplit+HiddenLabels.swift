internal import Kernels

extension DataSplit {
  /// The same data without `count` random samples of the training set, and these samples, whose labels are not to be
  /// looked at.
  ///
  /// The draw depends on the seed and the size of the training set only, so it is the same for every number of ranks.
  /// Both parts keep the samples in the order of the training set.
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
