internal import Networks

extension Configuration {
  /// How often `rp-dist reweight` trains the network: as `reweight.cycles` says, or else what is standard.
  package var weightCycles: Int {
    reweight?.cycles ?? (reweight?.levels == 2 && hasClassProbabilities ? ReweightConfiguration.standardCycles : 1)
  }

  /// Whether the network's outputs can be taken as probabilities of classes that labels name.
  private var hasClassProbabilities: Bool { loss == .softmaxCrossEntropy && data.target == .label }

  /// - Throws: ``ConfigurationError`` where a network cannot be trained so often.
  func checkCycles(_ cycles: Int, levels: Int) throws(ConfigurationError) {
    try require(
      (1...100).contains(cycles), "reweight.cycles is \(cycles); the network can be trained from 1 to 100 times")
    guard cycles > 1 else { return }
    try require(
      levels == 2,
      "reweight.cycles is \(cycles), but with three levels the network that the validation set judges never sees the "
        + "weighted labels; set reweight.cycles to 1, or reweight.levels to 2")
    try require(
      hasClassProbabilities,
      "reweight.cycles is \(cycles), but what a network believes of labels takes classes with probabilities; use loss "
        + "softmaxCrossEntropy with data.target label, or set reweight.cycles to 1")
  }
}
