/// The values that a setting may have.
public struct SettingRange<Value: Sendable>: Sendable {
  /// Such as "above 0".
  let words: String
  /// What a value that is not in the range is told, such as "must be above 0".
  let demand: String
  let contains: @Sendable (Value) -> Bool

  public init(_ words: String, _ demand: String, _ contains: @escaping @Sendable (Value) -> Bool) {
    (self.words, self.demand, self.contains) = (words, demand, contains)
  }
}

extension SettingRange<Double> {
  /// From 0 to below 1: the decay of an average.
  public static var fraction: Self { Self("0 to below 1", "must be from 0 to below 1") { $0 >= 0 && $0 < 1 } }

  public static var positive: Self { Self("above 0", "must be above 0") { $0 > 0 && $0.isFinite } }

  public static var nonNegative: Self { Self("0 or more", "must not be negative") { $0 >= 0 && $0.isFinite } }
}
