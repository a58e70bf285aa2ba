/// (M15) `on`, `off`, or a section with its constants.
public struct TrustRatioSettings: Equatable, Sendable {
  /// k, the steps from one test of the ratio to the next.
  public var every = 5
  /// r*, the ratio of actual to predicted decrease above which λ grows.
  public var target = 0.6

  public init() {}

  public static let settings: [OptimizerSetting<TrustRatioSettings>] = [
    .wholeNumber(
      "every", \.every, SettingRange("1 or more", "must be at least 1 step") { $0 >= 1 },
      "The steps from one test of the ratio to the next.", formulas: ["M15"]),
    .number(
      "target", \.target, SettingRange("above 0 and below 1", "must be between 0 and 1") { $0 > 0 && $0 < 1 },
      "The actual decrease, as a share of the predicted, above which the rate grows.", formulas: ["M15"]),
  ]
}
