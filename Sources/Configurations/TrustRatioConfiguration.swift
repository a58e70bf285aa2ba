/// `optimizer.trustRatio`: (M15); `on`, `off`, or a section with its constants.
public struct TrustRatioConfiguration: Codable, Equatable, Sendable {
  /// k, the steps from one test of the ratio to the next.
  public var every = 5
  /// r*, the ratio of actual to predicted decrease above which λ grows.
  public var target = 0.6

  enum CodingKeys: String, StrictKey { case every, target }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    every = try values.value(.every, or: every)
    target = try values.value(.target, or: target)
  }

  /// The constants, or nil for `off`.
  static func decode(from decoder: any Decoder) throws -> TrustRatioConfiguration? {
    guard let switched = try? decoder.singleValueContainer().decode(Bool.self) else {
      return try TrustRatioConfiguration(from: decoder)
    }
    return switched ? TrustRatioConfiguration() : nil
  }
}
