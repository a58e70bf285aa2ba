internal import Hypergradients
internal import Kernels

extension TrainingConfiguration {
  /// The lanes in which sums over samples are added up; nil where the training need not be reproducible.
  package var lanesOfSums: Int? { reproducible ? lanes : nil }

  /// The most samples that a rank gets of a minibatch.
  package func capacity(of samples: Int, ranks: Int) -> Int {
    LaneTree.capacity(samples: samples, lanes: lanesOfSums ?? ranks, ranks: ranks)
  }
}

extension Configuration {
  /// - Throws: ``ConfigurationError`` for settings that a reproducible training cannot have.
  func checkReproducible() throws(ConfigurationError) {
    try require(
      (1...1024).contains(training.lanes), "training.lanes is \(training.lanes); it must be from 1 to 1024")
    guard training.reproducible else { return }
    try require(
      reduction.curvaturePrecision == .float32,
      "reduction.curvaturePrecision bfloat16 rounds what travels between ranks, but training.reproducible gives the same "
        + "bits for any number of them; leave one of them out")
    try require(
      reweight?.grid ?? .automatic == .automatic,
      "reweight.grid shares directions out among ranks, but with training.reproducible they share the samples of every "
        + "direction; leave one of them out")
  }
}
