internal import Hypergradients
internal import Networks

extension Configuration {
  /// Checks everything in `reweight` that can be checked without the data.
  ///
  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  package func checkReweighting() throws(ConfigurationError) {
    guard let reweight else { return }
    try require((2...3).contains(reweight.levels), "reweight.levels is \(reweight.levels); it must be 2 or 3")
    if let cycles = reweight.cycles { try checkCycles(cycles, levels: reweight.levels) }
    try requirePositive(reweight.radius, "reweight.radius")
    try requirePositive(reweight.learningRate, "reweight.learningRate")
    try requireNonNegative(reweight.pull, "reweight.pull")
    try require(
      reweight.floor >= 0 && reweight.floor < 1,
      "reweight.floor is \(reweight.floor); it is the least weight, from 0 to below 1")
    try require(
      reweight.floor == 0 || [.nonnegative, .unit].contains(reweight.constraint),
      "reweight.floor belongs to the constraints nonnegative and unit, not \(reweight.constraint.rawValue); leave it out"
    )
    for (value, key) in [
      (reweight.updateEvery, "updateEvery"), (reweight.validationBatch, "validationBatch"),
      (reweight.unlabelledBatch, "unlabelledBatch"),
    ] {
      try require(
        (1...1_000_000_000).contains(value), "reweight.\(key) is \(value); it must be from 1 to 1000000000")
    }
    try require(
      reweight.validationDecay >= 0 && reweight.validationDecay < 1,
      "reweight.validationDecay is \(reweight.validationDecay); it must be from 0 to below 1")
    try require(
      (0..<training.epochs).contains(reweight.warmup),
      "reweight.warmup is \(reweight.warmup) epochs; it must be from 0 to below training.epochs, which is "
        + "\(training.epochs), or the weights stay what they are")
    try require(
      reweight.normalisation == .none || reweight.constraint != .none,
      "reweight.normalisation minibatch divides by a sum of weights, which must not be negative; set "
        + "reweight.constraint to nonnegative, unit or sigmoid, or reweight.normalisation to none")
    if reweight.levels == 3 {
      try checkStudent(reweight)
    } else {
      try require(
        reweight.unlabelled == 0 && reweight.pairWeight == 0 && reweight.student == StudentConfiguration(),
        "reweight.student, .unlabelled and .pairWeight belong to three levels; set reweight.levels to 3")
    }
  }

  private func checkStudent(_ reweight: ReweightConfiguration) throws(ConfigurationError) {
    try require(
      reweight.unlabelled > 0,
      "reweight.levels 3 needs unlabelled samples for the student; set reweight.unlabelled to the number of training "
        + "samples whose labels are to be hidden, for example 500")
    try requireNonNegative(reweight.pairWeight, "reweight.pairWeight")
    let student = ofStudent
    try require(
      student.loss.takesSoftLabels,
      "reweight.student: loss \(student.loss.rawValue) takes no soft labels; use softmaxCrossEntropy, squaredError or "
        + "sigmoidCrossEntropy")
    try require(!student.network.isEmpty, "reweight.student.network is empty; list its layers, or leave it out")
    do throws(ConfigurationError) {
      var alone = student
      alone.reweight = nil
      try alone.check()
    } catch {
      throw ConfigurationError("reweight.student: \(error)")
    }
  }

  /// Checks what the learning of weights requires of the other sections.
  ///
  /// - Throws: ``ConfigurationError`` naming the key, the value and the remedy.
  package func checkForReweighting() throws(ConfigurationError) {
    try require(
      data.validation > 0,
      "the weights are judged by a validation set, but data.validation is 0; set it to the number of clean samples, for "
        + "example 200")
    if let reweight {
      try require(
        training.batch > 1 || reweight.normalisation == .none || reweight.centring == .label,
        "reweight.normalisation minibatch makes the weight of a single sample 1, so with training.batch 1 nothing is "
          + "learned; use a larger batch, or set reweight.normalisation to none")
    }
    try require(
      training.gradient == .backpropagation,
      "weights need training.gradient backpropagation, not \(training.gradient.rawValue)")
    try require(
      reduction.method != .node,
      "weights need all sums on every rank, but reduction.method node gives each a part; use auto or mpi")
    try require(
      training.stopEarly == nil,
      "the weights use the validation set over all epochs, so training.stopEarly must be left out")
  }
}

extension Configuration {
  /// The number of times that `rp-dist reweight` trains the network: `reweight.cycles`, or the standard number.
  package var weightCycles: Int {
    reweight?.cycles ?? (reweight?.levels == 2 && hasClassProbabilities ? ReweightConfiguration.standardCycles : 1)
  }

  /// Whether the network's outputs give probabilities of the classes of the labels.
  private var hasClassProbabilities: Bool { loss == .softmaxCrossEntropy && data.target == .label }

  /// - Throws: ``ConfigurationError`` if a network cannot be trained this number of times.
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
