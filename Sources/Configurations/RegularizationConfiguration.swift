public import Optimizers

/// `regularization`: R of (M2).
public struct RegularizationConfiguration: Codable, Equatable, Sendable {
  public var l2 = 0.0
  public var l1 = 0.0
  public var includingBiases = true

  enum CodingKeys: String, StrictKey { case l2, l1, includingBiases }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    l2 = try values.value(.l2, or: l2)
    l1 = try values.value(.l1, or: l1)
    includingBiases = try values.value(.includingBiases, or: includingBiases)
  }

  public var regularization: Regularization {
    Regularization(l2: l2, l1: l1, includingBiases: includingBiases)
  }
}
