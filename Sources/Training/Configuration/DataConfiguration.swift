public import Datasets

/// `data`: what is learned from what.
public struct DataConfiguration: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case digits
    case mnist
    case fashionMNIST = "fashion-mnist"
    case cifar10 = "cifar-10"
    case csv
  }

  /// What the network is to give out for an input.
  public enum Target: String, Codable, CaseIterable, Sendable {
    /// The sample's class, as a one-hot row.
    case label
    /// The scaled input itself (reconstruction).
    case input
  }

  public var set = Kind.digits
  /// The directory or file of the data; the digits are built in.
  public var path: String?
  /// (M20), taken from the training data.
  public var scale = InputScaling.symmetric
  public var target = Target.label
  /// CSV: the label's column, a name or a number from 0; the last column if left out.
  public var label: String?
  /// CSV: whether the first line names the columns; found out if left out.
  public var header: Bool?
  /// CSV: the file of the test set; a stratified fifth of the rows if left out.
  public var test: String?

  enum CodingKeys: String, StrictKey { case set, path, scale, target, label, header, test }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    set = try values.name(.set, or: set)
    path = try values.decodeIfPresent(String.self, forKey: .path)
    scale = try values.name(.scale, or: scale)
    target = try values.name(.target, or: target)
    label = try values.decodeIfPresent(String.self, forKey: .label)
    header = try values.decodeIfPresent(Bool.self, forKey: .header)
    test = try values.decodeIfPresent(String.self, forKey: .test)
  }
}
