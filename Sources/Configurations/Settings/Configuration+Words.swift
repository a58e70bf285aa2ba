internal import Networks

extension Configuration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .data: .init(section: DataConfiguration.CodingKeys.self, "What is learned from what.")
    case .network:
      .init(
        .list,
        "{dense: N}, {dense: {outputs: N, bias: false}}, batchNorm, {dropout: {keep: 0.9}}, {residual: [...]}, "
          + "flatten and activations: "
          + LayerConfiguration.activationNames.joined(separator: ", "),
        "The layers, from the input to the output.", formula: "(M1, M21)", standard: "the preset's")
    case .loss:
      .init(oneOf: Loss.self, "How far outputs are from their targets: a sum over outputs, a mean over samples.")
    case .optimizer: .init(.section, "", "How a minibatch becomes a step.", rows: OptimizerConfiguration.rows())
    case .regularization:
      .init(
        section: RegularizationConfiguration.CodingKeys.self, "What is added to the loss to keep weights small.",
        formula: "(M2)")
    case .schedule:
      .init(
        section: ScheduleConfiguration.CodingKeys.self, "How the learning rate changes during a run.", formula: "(M18)")
    case .training:
      .init(section: TrainingConfiguration.CodingKeys.self, "How long, in which batches and numbers, from which start.")
    case .reduction:
      .init(
        section: ReductionConfiguration.CodingKeys.self, range: "the method alone, or the keys",
        "How ranks bring their shares of a minibatch together.")
    case .run:
      .init(section: RunConfiguration.CodingKeys.self, "Where results go, and how often checkpoints are written.")
    case .compare: .init(section: CompareConfiguration.CodingKeys.self, "What 'rp-dist compare' tries.")
    case .reweight:
      .init(
        section: ReweightConfiguration.CodingKeys.self, "How 'rp-dist reweight' learns what each example is worth.",
        formula: "(M23, M24)")
    }
  }
}

extension LayerConfiguration {
  /// The layers that are written as a single word.
  fileprivate static var activationNames: [String] { Activation.allCases.map(\.rawValue) }
}
