package import Configurations
package import Kernels
package import Networks

extension TrainingPlan {
  /// Refuses minibatches that a network cannot learn from.
  ///
  /// - Throws: ``ConfigurationError`` where no batch is left, or one has too few rows for ``Network/checkRows(of:_:)``.
  package func check<Scalar: Real>(_ network: Network<Scalar>) throws(ConfigurationError) {
    try require(
      lastBatch != .drop || samples >= batch,
      "training.lastBatch drop leaves out samples that do not fill a batch, but training.batch is \(batch) and there are "
        + "\(samples) samples to train on, so nothing is left; make training.batch at most \(samples), or set "
        + "training.lastBatch to spread")
    let problem =
      if samples == 1 {
        "there is 1 sample to train on; give it more samples, or leave batchNorm out"
      } else if batch == 1 {
        "training.batch is 1; make it larger, for example 100"
      } else if lastBatch == .spread {
        "training.batch is \(batch), so one of the batches that share \(samples) samples has 1 sample; make it larger"
      } else {
        "the last batch of \(samples) samples in batches of \(batch) has 1 sample; set training.lastBatch to "
          + (batch == 2 ? "drop" : "spread")
      }
    try network.checkRows(of: smallestBatch, problem)
  }
}

extension Network {
  /// Refuses batch normalisation over one row: the row is its own mean, so the layer's outputs do not depend on its inputs,
  /// and nothing below it learns.
  ///
  /// - Parameters:
  ///   - samples: of the smallest minibatch.
  ///   - problem: why there are so few, and what mends it.
  package func checkRows(of samples: Int, _ problem: @autoclosure () -> String) throws(ConfigurationError) {
    guard let rows = normalizedRows(samples: samples), rows < 2 else { return }
    throw ConfigurationError(
      "network: batchNorm takes mean and variance over the rows (samples × positions) of a batch and learns nothing "
        + "from one row, but \(problem())")
  }
}
