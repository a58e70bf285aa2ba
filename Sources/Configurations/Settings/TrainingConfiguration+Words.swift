internal import Kernels
internal import Networks
internal import Optimizers

extension TrainingConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .batch: .init(.wholeNumber, "1 to 1000000000", "The samples of one step, over all ranks together.")
    case .lastBatch:
      .init(
        oneOf: LastBatch.self,
        "Samples that do not fill a batch: all batches share them, the last one is short, or they are left out.")
    case .epochs: .init(.wholeNumber, "1 to 1000000000", "How often all training samples are gone through.")
    case .seed:
      .init(.wholeNumber, "0 or more", "The seed of first parameters, order of samples, dropout and validation set.")
    case .precision: .init(oneOf: Precision.self, "The numbers that training computes with.")
    case .initialization: .init(oneOf: Initialization.self, "How first parameters are drawn.", formula: "(M19)")
    case .gradient:
      .init(
        oneOf: GradientMethod.self, "How the gradient is found; backpropagation alone also gives curvature.",
        formula: "(M8–M10)")
    case .gradientStep: .init(.number, "above 0", "finiteDifference: how far a weight is moved.")
    case .threads:
      .init(
        .wholeNumber, "1 to 1024",
        "The threads of each rank's matrix products; where none names it, OPENBLAS_NUM_THREADS does.")
    case .checkReplicas:
      .init(
        .wholeNumber, "0 to 1000000000",
        "The ranks' parameters are compared every so many steps; with 0 at the end only.")
    case .reproducible: .init(flag: "Whether results have the same bits for any number of ranks.")
    case .lanes:
      .init(.wholeNumber, "1 to 1024", "reproducible: the parts that sums are made of; bits depend on their number.")
    case .stopEarly:
      .init(
        section: EarlyStoppingConfiguration.CodingKeys.self, range: "the keys",
        "Ends training when the validation loss falls no more, and keeps the best parameters.", standard: "never")
    }
  }
}

extension EarlyStoppingConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .patience: .init(.wholeNumber, "1 or more", "The epochs without a lower loss that are waited for.")
    }
  }
}

extension ReductionConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .method:
      .init(
        oneOf: ReductionConfiguration.Method.self,
        "mpi adds sums up over ranks; with node ranks of a machine share memory; auto takes node where it can.")
    case .curvaturePrecision:
      .init(
        oneOf: ReductionConfiguration.CurvaturePrecision.self,
        "The numbers in which curvature travels between ranks; bfloat16 has half the bytes.")
    case .pieceBytes:
      .init(.wholeNumber, "1024 or more; auto or whole", "The bytes of the pieces in which sums travel.")
    }
  }
}

extension RunConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .folder: .init(.path, "a folder", "Where the folders of runs are.")
    case .name:
      .init(.text, "a folder's name", "The run's own folder, as --name says it.", standard: "preset and start time")
    case .checkpointEvery:
      .init(
        section: CheckpointInterval.CodingKeys.self, range: "off, on, or one of the keys",
        "From one checkpoint to the next; there is one at the end and after a signal in any case.")
    case .keep: .init(.wholeNumber, "1 or more", "How many of the newest checkpoints are kept.")
    case .stallTimeout:
      .init(
        .number, "1 to 1000000; 0 for never",
        "The seconds after which a rank that waits in vain for another ends the job.")
    }
  }
}

extension CheckpointInterval.CodingKeys {
  var words: SettingWords {
    switch self {
    case .seconds: .init(.number, "above 0", "So many seconds, by the clock of the first rank.")
    case .steps: .init(.wholeNumber, "1 or more", "So many steps.", standard: "none")
    case .epochs: .init(.wholeNumber, "1 or more", "So many epochs.", standard: "none")
    }
  }
}

extension CompareConfiguration.CodingKeys {
  var words: SettingWords {
    switch self {
    case .learningRates:
      .init(
        section: OptimizerConfiguration.Name.self, range: "the keys", "The learning rates to try, for each optimizer.",
        standard: "those below")
    case .schedules: .init(.list, "names as for schedule.name", "The schedules to try each learning rate with.")
    }
  }
}

extension OptimizerKind {
  var words: SettingWords {
    .init(
      .list, "numbers above 0", "The learning rates to try with \(rawValue).",
      standard: type.comparedRates.map { "[" + $0.map { "\($0)" }.joined(separator: ", ") + "]" }
        ?? "as it is configured")
  }
}
