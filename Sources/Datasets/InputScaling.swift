/// How raw features are scaled to the network's inputs (M20).
public enum InputScaling: String, Codable, CaseIterable, Sendable {
  /// The training data's smallest value becomes −1 and its largest 1, by one map for all features.
  case symmetric
  /// The training data's smallest value becomes 0 and its largest 1, by one map for all features.
  case unit
  /// (x_j − μ_j) / √(σ_j² + 1e-8) for each feature j.
  case standardise
  /// The values are not changed.
  case none
}

extension InputScaling {
  /// The map of this scaling for the given training data.
  ///
  /// Constant data are shifted to 0. Every rank computes the map from all training samples in the same order, so it
  /// does not depend on the number of ranks.
  ///
  /// - Precondition: at least one sample.
  /// - Complexity: one pass over the training data; two for `standardise`.
  public func map(for training: Subset) -> InputMap {
    precondition(training.count > 0, "a scaling needs at least one training sample")
    switch self {
    case .symmetric:
      let (low, high) = training.range
      // Halves first: the difference of two finite numbers may overflow.
      let (radius, centre) = (high / 2 - low / 2, high / 2 + low / 2)
      return affine(from: low, radius: radius, scale: 1 / radius, offset: -centre / radius)
    case .unit:
      let (low, high) = training.range
      let radius = high / 2 - low / 2
      let scale = 0.5 / radius
      return affine(from: low, radius: radius, scale: scale, offset: -low * scale)
    case .standardise:
      let (mean, variance) = training.moments
      // If the spread is too large for a Double, the feature becomes 0.
      let pairs: [(scale: Double, offset: Double)] = zip(mean, variance).map { mean, variance in
        let scale = 1 / (variance + 1e-8).squareRoot()
        return scale.isFinite && (mean * scale).isFinite ? (scale, -mean * scale) : (0, 0)
      }
      return InputMap(scaling: self, scale: pairs.map(\.scale), offset: pairs.map(\.offset))
    case .none:
      return InputMap(scaling: self, scale: [1], offset: [0])
    }
  }

  /// The map with these numbers if they are finite. Otherwise the data are constant, and the map shifts `low` to 0.
  private func affine(from low: Double, radius: Double, scale: Double, offset: Double) -> InputMap {
    guard radius > 0, scale.isFinite, offset.isFinite else {
      return InputMap(scaling: self, scale: [1], offset: [-low])
    }
    return InputMap(scaling: self, scale: [scale], offset: [offset])
  }
}

/// A scaling with its numbers: y_j = x_j · scale_j + offset_j (M20).
///
/// It is part of a model: every use of the model must scale inputs with the numbers of the training data.
public struct InputMap: Codable, Equatable, Sendable {
  /// The scaling to which the numbers belong.
  public let scaling: InputScaling
  /// One number for all features, or one for each.
  public let scale: [Double]
  /// As many numbers as ``scale``.
  public let offset: [Double]

  private enum CodingKeys: String, CodingKey {
    case scaling = "name"
    case scale
    case offset
  }

  /// - Precondition: both have the same number of elements, at least one, and all are finite.
  public init(scaling: InputScaling, scale: [Double], offset: [Double]) {
    precondition(!scale.isEmpty && scale.count == offset.count, "a map needs as many offsets as scales")
    precondition((scale + offset).allSatisfy(\.isFinite), "a map's numbers must be finite")
    self.scaling = scaling
    self.scale = scale
    self.offset = offset
  }

  /// - Throws: `DecodingError` if the numbers do not make a map.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    scaling = try container.decode(InputScaling.self, forKey: .scaling)
    scale = try container.decode([Double].self, forKey: .scale)
    offset = try container.decode([Double].self, forKey: .offset)
    guard !scale.isEmpty, scale.count == offset.count, (scale + offset).allSatisfy(\.isFinite) else {
      throw DecodingError.dataCorruptedError(
        forKey: .offset, in: container, debugDescription: "a map needs as many finite offsets as scales, at least one")
    }
  }

  /// Whether the map can scale samples with the given number of features.
  public func fits(features: Int) -> Bool { scale.count == 1 || scale.count == features }
}
