/// A scaling with its numbers: y_j = x_j · scale_j + offset_j (M20).
///
/// It is part of a model: whoever uses the model must scale with the training data's numbers.
public struct InputMap: Codable, Equatable, Sendable {
  /// The scaling the numbers are of.
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

  /// - Precondition: equally many finite numbers in both, at least one.
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

  /// Whether the map can scale samples of so many features.
  public func fits(features: Int) -> Bool { scale.count == 1 || scale.count == features }
}
