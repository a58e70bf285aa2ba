internal import Hypergradients
internal import Networks
internal import Optimizers

extension ReweightConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .levels: .init(.wholeNumber, "2 or 3", "With 3 a student learns from a teacher.", formula: "(M23, M24)")
    case .cycles:
      .init(
        .wholeNumber, "1 to 100", "How often the network is trained, each time anew.",
        standard: "\(ReweightConfiguration.standardCycles) with 2 levels and classes, else 1")
    case .strategy:
      .init(
        oneOf: Strategy.self, "How derivatives are taken; nested and fused are finite differences.",
        formula: "(M25, M26)")
    case .blocks:
      .init(
        .text, "joint, layers, or groups such as encoder=0-2:0.01,head=4",
        "The blocks of parameters that finite differences perturb.", formula: "(M25, M26)")
    case .radius: .init(.number, "above 0", "How far finite differences perturb a block.", formula: "(M25, M26)")
    case .grid: .init(.text, "auto, or such as 4x2", "How many groups of how many ranks share directions out.")
    case .constraint: .init(oneOf: WeightConstraint.self, "What weights may be; unit is from 0 to 1, sigmoid between.")
    case .floor:
      .init(.number, "0 to below 1", "The least weight of the first cycle.")
    case .normalisation:
      .init(oneOf: WeightNormalisation.self, "What the weights of a step are divided by; minibatch is their mean.")
    case .perResidual:
      .init(flag: "Whether derivatives are divided by how far an example is from its label.")
    case .centring:
      .init(oneOf: WeightCentring.self, "What is subtracted from derivatives; label is their mean over a label.")
    case .scale:
      .init(oneOf: WeightScale.self, "What derivatives are divided by; running is their size so far.")
    case .optimizer:
      .init(oneOf: WeightOptimizer.self, "How derivatives become updates of the weights.", formula: "(M17)")
    case .learningRate: .init(.number, "above 0", "The step size of the weights.")
    case .pull: .init(.number, "0 or more", "How strongly weights are drawn back to where they started.")
    case .schedule: .init(oneOf: Schedule.Name.self, "How that step size changes.", formula: "(M18)")
    case .updateEvery: .init(.wholeNumber, "1 to 1000000000", "The steps from one update of the weights to the next.")
    case .warmup: .init(.wholeNumber, "0 to below training.epochs", "The epochs before the first update.")
    case .validationBatch: .init(.wholeNumber, "1 to 1000000000", "How many validation samples evaluate a step.")
    case .validationDecay: .init(.number, "0 to below 1", "The decay of the average of the validation loss's gradient.")
    case .preconditioned:
      .init(flag: "Whether the optimizer's denominators count in the derivative of a step.", formula: "(M23)")
    case .unlabelled:
      .init(
        .wholeNumber, "1 or more with 3 levels", "How many training samples the student gets without their labels.",
        standard: "none")
    case .unlabelledBatch: .init(.wholeNumber, "1 to 1000000000", "How many unlabelled samples are in a step.")
    case .pairWeight: .init(.number, "0 or more", "What a labelled sample counts in the student's loss.")
    case .student:
      .init(
        section: StudentConfiguration.CodingKeys.self, range: "the keys", "What the student has of its own.",
        standard: "all of its teacher")
    case .compare:
      .init(flag: "Whether to train without weights too, and on true labels alone where they are known.")
    }
  }
}

extension StudentConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .network: .init(.list, "as for network", "The student's layers.", standard: Self.ofTeacher)
    case .loss:
      .init(
        .name, Loss.allCases.filter(\.takesSoftLabels).map(\.rawValue).joined(separator: ", "), "The student's loss.",
        standard: Self.ofTeacher)
    case .optimizer: .init(.section, "the keys of optimizer", "The student's optimizer.", standard: Self.ofTeacher)
    case .schedule: .init(.section, "the keys of schedule", "The student's schedule.", standard: Self.ofTeacher)
    case .blocks: .init(.text, "as for reweight.blocks", "The student's blocks.", standard: Self.ofTeacher)
    }
  }

  private static var ofTeacher: String { "the teacher's" }
}
