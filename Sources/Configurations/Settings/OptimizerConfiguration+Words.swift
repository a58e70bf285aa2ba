internal import Networks
internal import Optimizers

extension OptimizerConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .name: .init(oneOf: OptimizerConfiguration.Name.self, "The optimizer.", formula: "(M11, M14–M17)")
    case .learningRate:
      .init(
        .number, "above 0; for residualPartitioning also auto",
        "The step size; with auto the lengths of steps are found.",
        formula: "(M11, M17)")
    case .momentum:
      .init(
        .number, "0 to below 1", "The decay of the average of gradients.", formula: "(M14, M17)",
        of: [.momentum, .residualPartitioning])
    case .decay:
      .init(
        .number, "0 to below 1", "The decay of the average of squared gradients.", formula: "(M17)", of: [.rmsprop])
    case .beta1:
      .init(.number, "0 to below 1", "The decay of the average of gradients.", formula: "(M17)", of: [.adam])
    case .beta2:
      .init(.number, "0 to below 1", "The decay of the average of squared gradients.", formula: "(M17)", of: [.adam])
    case .epsilon:
      .init(.number, "above 0", "Keeps the denominator of a step above 0.", formula: "(M17)", of: [.rmsprop, .adam])
    case .curvatureDecay:
      .init(
        .number, "0 to below 1", "The decay of the average of curvature.", formula: "(M14)",
        of: [.residualPartitioning])
    case .curvaturePower:
      .init(
        .number, "0.5 or 1", "The power of the curvature that a step is divided by.", formula: "(M11)",
        of: [.residualPartitioning])
    case .curvatureEvery:
      .init(
        .wholeNumber, "1 to 1000000000", "The curvature is computed every so many steps.", of: [.residualPartitioning])
    case .layerScale:
      .init(
        oneOf: LayerScale.self, "How the step of each weight matrix and bias vector is scaled.", formula: "(M16)",
        of: [.residualPartitioning])
    case .trustRatio:
      .init(
        section: TrustRatioConfiguration.CodingKeys.self, range: "off, on, or the keys",
        "Whether the learning rate follows how far the loss goes down.", formula: "(M15)", of: [.residualPartitioning])
    case .damping:
      .init(
        .number, "0 or more", "Is added to the curvature that a step is divided by.", formula: "(M11)",
        of: [.residualPartitioning])
    case .bound:
      .init(
        oneOf: Bound.self, "What is bounded: the paper's model of the loss, or all of its second order.",
        formula: "(M12, M13)", of: [.residualPartitioning])
    case .lossPartition:
      .init(
        oneOf: LossPartition.self, "How curvature starts at the loss: by (M6) where it can, or always by (M7).",
        formula: "(M6, M7)", of: [.residualPartitioning])
    }
  }
}

extension TrustRatioConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .every: .init(.wholeNumber, "1 or more", "The steps from one test of the ratio to the next.", formula: "(M15)")
    case .target:
      .init(
        .number, "above 0 and below 1", "The actual decrease, as a share of the predicted, above which the rate grows.",
        formula: "(M15)")
    }
  }
}

extension ScheduleConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .name: .init(oneOf: Schedule.Name.self, "How the learning rate changes.", formula: "(M18)")
    case .decay:
      .init(.number, "0 or more", "inverse: d in 1/(1 + d e), the factor of epoch e.", formula: "(M18)")
    case .factor: .init(.number, "above 0", "exponential: the factor from one epoch to the next.", formula: "(M18)")
    case .scale: .init(.number, "above 0", "inverseRoot: k in k/√(e + 1), the factor of epoch e.", formula: "(M18)")
    case .warmup: .init(.wholeNumber, "0 or more", "The steps in which the rate grows from 0.", formula: "(M18)")
    }
  }
}

extension RegularizationConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .l2: .init(.number, "0 or more", "The strength of L2: half the sum of squares.", formula: "(M2)")
    case .l1: .init(.number, "0 or more", "The strength of L1: the sum of magnitudes.", formula: "(M2)")
    case .includingBiases: .init(flag: "Whether biases count too.", formula: "(M2)")
    }
  }
}
