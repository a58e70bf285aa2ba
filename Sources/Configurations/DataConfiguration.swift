public import Datasets

/// `data`: the inputs and targets of the training.
public struct DataConfiguration: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case digits
    case mnist
    case fashionMNIST = "fashion-mnist"
    case kmnist
    case qmnist
    case emnist
    case cifar10 = "cifar-10"
    case csv
    case linear
    case gates
    case curve

    /// Whether the data are built into the program.
    var isBuiltIn: Bool { self == .digits || holdsValues }

    /// Whether its samples always have real-valued targets and no classes. For a CSV file this depends on how it is
    /// read.
    var holdsValues: Bool {
      switch self {
      case .linear, .gates, .curve: true
      case .digits, .mnist, .fashionMNIST, .kmnist, .qmnist, .emnist, .cifar10, .csv: false
      }
    }
  }

  /// The target of the network for an input.
  public enum Target: String, Codable, CaseIterable, Sendable {
    /// The sample's class, as a one-hot row.
    case label
    /// The sample's real numbers (regression).
    case value
    /// The scaled input itself (reconstruction).
    case input
  }

  public var set = Kind.digits
  /// The directory or file of the data; not used for built-in sets.
  public var path: String?
  /// EMNIST: the split; if left out, the only one in the directory.
  public var split: EMNISTSplit?
  /// (M20), computed from the training data.
  public var scale = InputScaling.symmetric
  public var target = Target.label
  /// The number of training samples that are held out as validation set, chosen by `training.seed`.
  public var validation = 0
  /// Wrong labels for the training samples; validation and test set keep their labels. nil, written `off`, for no
  /// noise.
  public var labelNoise: LabelNoiseConfiguration?
  /// CSV: the column of the classes, or of the values for ``Target/value``: a name, or a number from 0. If left out,
  /// the last column.
  public var label: String?
  /// CSV: whether the first line names the columns; if left out, the file's content decides.
  public var header: Bool?
  /// CSV: the file of the test set; if left out, a fifth of the rows, stratified by class.
  public var test: String?
  /// CSV: the shape of a sample, such as [1, 28, 28]; if left out, a row of numbers.
  public var shape: [Int]?

  enum CodingKeys: String, StrictKey {
    case set, path, split, scale, target, validation, labelNoise, label, header, test, shape
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
    set = try values.name(.set, or: set)
    path = try values.decodeIfPresent(String.self, forKey: .path)
    if let name = try values.decodeIfPresent(String.self, forKey: .split) {
      split = try decoder.name(name, at: CodingKeys.split)
    }
    scale = try values.name(.scale, or: scale)
    target = try values.name(.target, or: target)
    validation = try values.value(.validation, or: validation)
    labelNoise =
      values.contains(.labelNoise)
      ? try LabelNoiseConfiguration.decode(from: values.superDecoder(forKey: .labelNoise)) : nil
    label = try values.decodeIfPresent(String.self, forKey: .label)
    header = try values.decodeIfPresent(Bool.self, forKey: .header)
    test = try values.decodeIfPresent(String.self, forKey: .test)
    shape = try values.decodeIfPresent([Int].self, forKey: .shape)
  }
}
