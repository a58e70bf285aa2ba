/// How raw features become the network's inputs (M20).
public enum InputScaling: String, Codable, CaseIterable, Sendable {
  /// The training data's smallest value becomes −1 and its largest 1, by one map for all features.
  case symmetric
  /// The training data's smallest value becomes 0 and its largest 1, by one map for all features.
  case unit
  /// (x_j − μ_j) / √(σ_j² + 1e-8) for each feature j.
  case standardise
  /// The values as they are.
  case none
}

extension InputScaling {
  /// The map of this scaling for some training data.
  ///
  /// Data without a spread are shifted to 0. Every rank computes the map from all training samples, in the same order,
  /// so it does not depend on the number of ranks.
  ///
  /// - Precondition: at least one sample.
  /// - Complexity: one pass over the training data; two for `standardise`.
  public func map(for training: Subset) -> InputMap {
    precondition(training.count > 0, "a scaling needs at least one training sample")
    switch self {
    case .symmetric:
      let (low, high) = training.range
      // Halves first: the difference of two finite numbers may be infinite.
      let (radius, centre) = (high / 2 - low / 2, high / 2 + low / 2)
      return affine(from: low, radius: radius, scale: 1 / radius, offset: -centre / radius)
    case .unit:
      let (low, high) = training.range
      let radius = high / 2 - low / 2
      let scale = 0.5 / radius
      return affine(from: low, radius: radius, scale: scale, offset: -low * scale)
    case .standardise:
      let (mean, variance) = training.moments
      // A spread too large for a Double makes the feature 0.
      let pairs: [(scale: Double, offset: Double)] = zip(mean, variance).map { mean, variance in
        let scale = 1 / (variance + 1e-8).squareRoot()
        return scale.isFinite && (mean * scale).isFinite ? (scale, -mean * scale) : (0, 0)
      }
      return InputMap(scaling: self, scale: pairs.map(\.scale), offset: pairs.map(\.offset))
    case .none:
      return InputMap(scaling: self, scale: [1], offset: [0])
    }
  }

  /// The map with these numbers if they are finite; otherwise, the data being constant, the shift of `low` to 0.
  private func affine(from low: Double, radius: Double, scale: Double, offset: Double) -> InputMap {
    guard radius > 0, scale.isFinite, offset.isFinite else {
      return InputMap(scaling: self, scale: [1], offset: [-low])
    }
    return InputMap(scaling: self, scale: [scale], offset: [offset])
  }
}
