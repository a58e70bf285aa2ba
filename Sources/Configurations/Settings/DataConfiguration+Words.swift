internal import Datasets

extension DataConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .set: .init(oneOf: DataConfiguration.Kind.self, "The data set.")
    case .path: .init(.path, "a directory or file", "Where the data is, as --data says it.", standard: "none")
    case .split:
      .init(oneOf: EMNISTSplit.self, "emnist: which of its splits to read.", standard: "the only one that is there")
    case .scale:
      .init(oneOf: InputScaling.self, "How inputs are scaled, by numbers from the training data.", formula: "(M20)")
    case .target:
      .init(
        oneOf: DataConfiguration.Target.self, "What the network is to give out: a class, numbers, or the input itself.")
    case .validation:
      .init(.wholeNumber, "0 or more", "How many training samples are kept for validation, drawn by training.seed.")
    case .labelNoise:
      .init(
        section: LabelNoiseConfiguration.CodingKeys.self, range: "off, on, or the keys",
        "Makes training labels wrong, to see how training copes.", standard: "off")
    case .label:
      .init(.text, "a column's name, or its number from 0", "csv: the column to learn.", standard: "the last column")
    case .header: .init(flag: "csv: whether the first line names the columns.", standard: "found out")
    case .test:
      .init(.path, "a file", "csv: the file of the test set.", standard: "a fifth of the rows, drawn once")
    case .shape:
      .init(
        .list, "sizes, such as [1, 28, 28]", "csv: the shape of a row's numbers, for layers that see one.",
        standard: "one row")
    }
  }
}

extension LabelNoiseConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .kind: .init(oneOf: LabelNoise.Kind.self, "What a label becomes: any other class, or the next one.")
    case .rate: .init(.number, "0 to 1", "The probability that a label is made wrong.")
    case .seed: .init(.wholeNumber, "0 or more", "The seed of the draw; training.seed does not change it.")
    }
  }
}
